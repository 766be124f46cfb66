package webhooks

import (
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
)

// githubBody is an event as GitHub sends it; which fields are there depends on the kind.
// https://docs.github.com/en/webhooks/webhook-events-and-payloads
type githubBody struct {
	Action      string            `json:"action"`
	Ref         string            `json:"ref"`
	RefType     string            `json:"ref_type"`
	After       string            `json:"after"`
	Forced      bool              `json:"forced"`
	Compare     string            `json:"compare"`
	Commits     []githubCommit    `json:"commits"`
	HeadCommit  *githubCommit     `json:"head_commit"`
	Comment     *githubComment    `json:"comment"`
	Issue       *githubIssue      `json:"issue"`
	PullRequest *githubIssue      `json:"pull_request"`
	Review      *githubReview     `json:"review"`
	Discussion  *githubDiscussion `json:"discussion"`
	Answer      *githubComment    `json:"answer"`
	Release     *githubRelease    `json:"release"`
	CheckRun    *githubCheckRun   `json:"check_run"`
	CheckSuite  *githubCheckSuite `json:"check_suite"`
	Forkee      *githubRepository `json:"forkee"`
	Member      *githubUser       `json:"member"`
	Repository  githubRepository  `json:"repository"`
	Sender      githubUser        `json:"sender"`
}

type githubUser struct {
	Login     string `json:"login"`
	URL       string `json:"html_url"`
	AvatarURL string `json:"avatar_url"`
}

type githubRepository struct {
	Name     string `json:"name"`
	FullName string `json:"full_name"`
	URL      string `json:"html_url"`
}

type githubCommit struct {
	ID      string `json:"id"`
	URL     string `json:"url"`
	Message string `json:"message"`
	Author  struct {
		Username string `json:"username"`
		Name     string `json:"name"`
	} `json:"author"`
}

type githubComment struct {
	URL      string `json:"html_url"`
	Body     string `json:"body"`
	CommitID string `json:"commit_id"`
}

// githubIssue is an issue or a pull request.
type githubIssue struct {
	Number      int       `json:"number"`
	Title       string    `json:"title"`
	URL         string    `json:"html_url"`
	Body        string    `json:"body"`
	Merged      bool      `json:"merged"`
	PullRequest *struct{} `json:"pull_request"` // there in an issue that is a pull request
}

type githubReview struct {
	URL   string `json:"html_url"`
	Body  string `json:"body"`
	State string `json:"state"`
}

type githubDiscussion struct {
	Number    int    `json:"number"`
	Title     string `json:"title"`
	URL       string `json:"html_url"`
	AnswerURL string `json:"answer_html_url"`
	Body      string `json:"body"`
}

type githubRelease struct {
	TagName string `json:"tag_name"`
	Name    string `json:"name"`
	URL     string `json:"html_url"`
	Body    string `json:"body"`
}

type githubCheckRun struct {
	Name       string           `json:"name"`
	Conclusion string           `json:"conclusion"`
	URL        string           `json:"html_url"`
	DetailsURL string           `json:"details_url"`
	CheckSuite githubCheckSuite `json:"check_suite"`
	Output     struct {
		Summary string `json:"summary"`
	} `json:"output"`
}

type githubCheckSuite struct {
	Conclusion string `json:"conclusion"`
	HeadBranch string `json:"head_branch"`
	HeadSHA    string `json:"head_sha"`
	App        struct {
		Name string `json:"name"`
	} `json:"app"`
}

// executeGithub posts an event of GitHub. One of a kind or action that says nothing to a channel is taken in silence, as
// GitHub must not be told to try again.
// https://discord.com/developers/docs/resources/webhook#execute-githubcompatible-webhook
func (h *Handlers) executeGithub(c *call.Call) error {
	w, err := h.find(c)
	if err != nil {
		return err
	}
	var b githubBody
	if err := c.Bind(&b); err != nil {
		return err
	}
	if e := b.embed(c.GetHeader("X-GitHub-Event")); e != nil {
		if err := h.relay(c, w, override{}, "", []discord.Embed{*e}); err != nil {
			return err
		}
	}
	return c.Done()
}

// embed translates an event, nil if it says nothing.
func (b *githubBody) embed(event string) *discord.Embed {
	translate := githubEvents[event]
	if translate == nil {
		return nil
	}
	e := translate(b)
	if e == nil {
		return nil
	}
	e.Type, e.Title, e.Description = "rich", cut(e.Title, cutTitle), cut(e.Description, cutDescription)
	e.URL = link(e.URL)
	if login := cut(b.Sender.Login, cutAuthor); login != "" {
		e.Author = &discord.EmbedAuthor{Name: login, URL: link(b.Sender.URL), IconURL: link(b.Sender.AvatarURL)}
	}
	return e
}
