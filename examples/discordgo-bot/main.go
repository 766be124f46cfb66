// Command discordgo-bot answers "ping" with "pong".
//
//	GUILDHALL_URL=http://127.0.0.1:8080 BOT_TOKEN=... go run ./examples/discordgo-bot
package main

import (
	"fmt"
	"log"
	"os"
	"os/signal"

	"github.com/bwmarrin/discordgo"

	"guildhall.chat/guildhall/examples/discordgo-bot/guildhall"
)

func main() {
	guildhall.Use(os.Getenv("GUILDHALL_URL")) // the one line that differs from a bot on Discord
	bot, err := discordgo.New("Bot " + os.Getenv("BOT_TOKEN"))
	if err != nil {
		log.Fatal(err)
	}
	bot.Identify.Intents = discordgo.IntentsGuilds | discordgo.IntentsGuildMessages | discordgo.IntentMessageContent
	bot.AddHandler(func(_ *discordgo.Session, ready *discordgo.Ready) { fmt.Println(ready.User.Username, "is here") })
	bot.AddHandler(func(bot *discordgo.Session, message *discordgo.MessageCreate) {
		if message.Content != "ping" {
			return
		}
		if _, err := bot.ChannelMessageSendReply(message.ChannelID, "pong", message.Reference()); err != nil {
			log.Print(err)
		}
	})
	if err := bot.Open(); err != nil {
		log.Fatal(err)
	}
	defer bot.Close()
	interrupt := make(chan os.Signal, 1)
	signal.Notify(interrupt, os.Interrupt)
	<-interrupt
}
