package journal

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/redis/go-redis/v9"

	"guildhall.chat/guildhall/internal/snowflake"
)

// BenchmarkAppend is what the journal adds to a batch's way, and BenchmarkXAdd the round trip that it can't be cheaper than.
func BenchmarkAppend(b *testing.B) {
	for _, n := range []int{1, 100} {
		b.Run(fmt.Sprintf("batch=%d", n), func(b *testing.B) {
			w := newWorld(b)
			entries := make([]Entry, n)
			var position int64
			b.ReportAllocs()
			for b.Loop() {
				for i := range entries {
					position++
					entries[i] = Entry{Position: position, Kind: Event, Log: 1<<60 + snowflake.ID(position%40), Seq: position}
				}
				if err := w.writer.Append(b.Context(), entries); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkXAdd(b *testing.B) {
	rdb := newClient(b)
	stream := "bench:{" + string(NewProcess("x")) + "}"
	position := 0
	b.ReportAllocs()
	for b.Loop() {
		position++
		err := rdb.XAdd(b.Context(), &redis.XAddArgs{
			Stream: stream, ID: strconv.Itoa(position) + "-0", Values: []string{"b", "12345678901234567890"},
		}).Err()
		if err != nil {
			b.Fatal(err)
		}
	}
	rdb.Del(b.Context(), stream)
}

// BenchmarkRead is a session of a dead pod that looks for what it missed: alone, and one of a thousand.
func BenchmarkRead(b *testing.B) {
	w := newWorld(b)
	for range 1000 {
		var entries []Entry
		for i := range int64(20) {
			entries = append(entries, Entry{Position: w.last() + 1 + i, Kind: Event, Log: 1, Seq: w.last() + 1 + i})
		}
		w.append(entries...)
	}
	read := func(b *testing.B) {
		j, err := w.reader.Read(b.Context(), w.process, w.last()-100)
		if err != nil || len(j.After(w.last()-100)) != 100 {
			b.Error(err)
		}
	}
	b.Run("alone", func(b *testing.B) {
		for b.Loop() {
			read(b)
		}
	})
	b.Run("of=1000", func(b *testing.B) {
		b.SetParallelism(500)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				read(b)
			}
		})
	})
}
