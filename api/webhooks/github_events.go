package webhooks

import (
	"fmt"
	"strings"

	"guildhall.chat/guildhall/internal/discord"
)

// Colours of the events.
const (
	githubNeutral = 0x4f545c
	githubPushed  = 0x7289da
	githubForced  = 0xfcbd1f
	githubOpened  = 0x009800
	githubIssued  = 0xeb6420
	githubTalked  = 0xe68d60
	githubPassed  = 0x009800
	githubFailed  = 0xfc2929
)

// githubEvents translate the kinds of event that are posted; each returns nil for an action that isn't.
// https://discord.com/developers/docs/resources/webhook#execute-githubcompatible-webhook
var githubEvents = map[string]func(*githubBody) *discord.Embed{
	"push":                        (*githubBody).push,
	"issues":                      (*githubBody).issues,
	"issue_comment":               (*githubBody).issueComment,
	"pull_request":                (*githubBody).pullRequest,
	"pull_request_review":         (*githubBody).review,
	"pull_request_review_comment": (*githubBody).reviewComment,
	"create":                      (*githubBody).created,
	"delete":                      (*githubBody).deleted,
	"fork":                        (*githubBody).forked,
	"commit_comment":              (*githubBody).commitComment,
	"member":                      (*githubBody).memberAdded,
	"public":                      (*githubBody).madePublic,
	"release":                     (*githubBody).released,
	"watch":                       (*githubBody).starred,
	"check_run":                   (*githubBody).checkRun,
	"check_suite":                 (*githubBody).checkSuite,
	"discussion":                  (*githubBody).discussed,
	"discussion_comment":          (*githubBody).discussionComment,
}

func githubEmbed(title, url, description string, color int) *discord.Embed {
	return &discord.Embed{Title: title, URL: url, Description: description, Color: &color}
}

// about begins a title with the repository's name.
func (b *githubBody) about(format string, args ...any) string {
	return "[" + b.Repository.FullName + "] " + fmt.Sprintf(format, args...)
}

// shownCommits is how many commits of a push are listed.
const shownCommits = 5

func (b *githubBody) push() *discord.Embed {
	kind, branch := "branch", strings.TrimPrefix(b.Ref, "refs/heads/")
	if tag, found := strings.CutPrefix(b.Ref, "refs/tags/"); found {
		kind, branch = "tag", tag
	}
	if b.Forced {
		return githubEmbed(b.about("Force-pushed %s %s to %s", kind, branch, short(b.After)), b.Compare, "", githubForced)
	}
	if len(b.Commits) == 0 {
		return nil // a new or deleted branch has events of its own
	}
	noun := "commits"
	if len(b.Commits) == 1 {
		noun = "commit"
	}
	var lines []string
	for _, commit := range b.Commits[:min(len(b.Commits), shownCommits)] {
		author := commit.Author.Username
		if author == "" {
			author = commit.Author.Name
		}
		subject, _, _ := strings.Cut(commit.Message, "\n")
		lines = append(lines, fmt.Sprintf("[`%s`](%s) %s - %s", short(commit.ID), link(commit.URL), cut(subject, 50), cut(author, cutAuthor)))
	}
	title := fmt.Sprintf("[%s:%s] %d new %s", b.Repository.Name, branch, len(b.Commits), noun)
	url := b.Compare
	if len(b.Commits) == 1 {
		url = b.Commits[0].URL
	}
	return githubEmbed(title, url, strings.Join(lines, "\n"), githubPushed)
}

// short is a commit's id as people write it.
func short(sha string) string { return strings.ToValidUTF8(sha[:min(len(sha), 7)], "") }

// changes are the actions on an issue or pull request that are posted.
var changes = map[string]bool{"opened": true, "closed": true, "reopened": true}

func (b *githubBody) issues() *discord.Embed {
	if b.Issue == nil || !changes[b.Action] {
		return nil
	}
	title := b.about("Issue %s: #%d %s", b.Action, b.Issue.Number, b.Issue.Title)
	if b.Action == "opened" {
		return githubEmbed(title, b.Issue.URL, b.Issue.Body, githubIssued)
	}
	return githubEmbed(title, b.Issue.URL, "", githubNeutral)
}

func (b *githubBody) issueComment() *discord.Embed {
	if b.Issue == nil || b.Comment == nil || b.Action != "created" {
		return nil
	}
	on := "issue"
	if b.Issue.PullRequest != nil {
		on = "pull request"
	}
	return githubEmbed(b.about("New comment on %s #%d: %s", on, b.Issue.Number, b.Issue.Title), b.Comment.URL, b.Comment.Body, githubTalked)
}

func (b *githubBody) pullRequest() *discord.Embed {
	if b.PullRequest == nil || !changes[b.Action] {
		return nil
	}
	action := b.Action
	if action == "closed" && b.PullRequest.Merged {
		action = "merged"
	}
	title := b.about("Pull request %s: #%d %s", action, b.PullRequest.Number, b.PullRequest.Title)
	if b.Action == "opened" {
		return githubEmbed(title, b.PullRequest.URL, b.PullRequest.Body, githubOpened)
	}
	return githubEmbed(title, b.PullRequest.URL, "", githubNeutral)
}

func (b *githubBody) review() *discord.Embed {
	if b.PullRequest == nil || b.Review == nil || b.Action != "submitted" {
		return nil
	}
	state := map[string]string{"approved": "approved", "changes_requested": "changes requested"}[strings.ToLower(b.Review.State)]
	if state == "" {
		state = "submitted"
	}
	return githubEmbed(b.about("Pull request review %s: #%d %s", state, b.PullRequest.Number, b.PullRequest.Title),
		b.Review.URL, b.Review.Body, githubNeutral)
}

func (b *githubBody) reviewComment() *discord.Embed {
	if b.PullRequest == nil || b.Comment == nil || b.Action != "created" {
		return nil
	}
	return githubEmbed(b.about("New review comment on pull request #%d: %s", b.PullRequest.Number, b.PullRequest.Title),
		b.Comment.URL, b.Comment.Body, githubTalked)
}

func (b *githubBody) created() *discord.Embed {
	return githubEmbed(b.about("New %s created: %s", b.RefType, b.Ref), b.Repository.URL+"/tree/"+b.Ref, "", githubNeutral)
}

func (b *githubBody) deleted() *discord.Embed {
	return githubEmbed(b.about("%s deleted: %s", b.RefType, b.Ref), b.Repository.URL, "", githubNeutral)
}

func (b *githubBody) forked() *discord.Embed {
	if b.Forkee == nil {
		return nil
	}
	return githubEmbed(b.about("Fork created: %s", b.Forkee.FullName), b.Forkee.URL, "", githubNeutral)
}

func (b *githubBody) commitComment() *discord.Embed {
	if b.Comment == nil {
		return nil
	}
	return githubEmbed(b.about("New comment on commit `%s`", short(b.Comment.CommitID)), b.Comment.URL, b.Comment.Body, githubTalked)
}

func (b *githubBody) memberAdded() *discord.Embed {
	if b.Member == nil || b.Action != "added" {
		return nil
	}
	return githubEmbed(b.about("New collaborator added: %s", b.Member.Login), b.Member.URL, "", githubNeutral)
}

func (b *githubBody) madePublic() *discord.Embed {
	return githubEmbed(b.about("Now public"), b.Repository.URL, "", githubNeutral)
}

func (b *githubBody) released() *discord.Embed {
	if b.Release == nil || b.Action != "published" {
		return nil
	}
	name := b.Release.Name
	if name == "" {
		name = b.Release.TagName
	}
	return githubEmbed(b.about("New release published: %s", name), b.Release.URL, b.Release.Body, githubNeutral)
}

func (b *githubBody) starred() *discord.Embed {
	if b.Action != "started" {
		return nil
	}
	return githubEmbed(b.about("New star added"), b.Repository.URL, "", githubNeutral)
}

func (b *githubBody) checkRun() *discord.Embed {
	run := b.CheckRun
	if run == nil || b.Action != "completed" || run.Conclusion == "" {
		return nil
	}
	url := run.DetailsURL
	if url == "" {
		url = run.URL
	}
	return githubEmbed(b.about("%s: %s on %s", run.Name, run.Conclusion, run.CheckSuite.where()), url, run.Output.Summary, outcome(run.Conclusion))
}

func (b *githubBody) checkSuite() *discord.Embed {
	suite := b.CheckSuite
	if suite == nil || b.Action != "completed" || suite.Conclusion == "" {
		return nil
	}
	return githubEmbed(b.about("%s checks: %s on %s", suite.App.Name, suite.Conclusion, suite.where()),
		b.Repository.URL+"/commit/"+suite.HeadSHA, "", outcome(suite.Conclusion))
}

func (s *githubCheckSuite) where() string {
	if s.HeadBranch != "" {
		return s.HeadBranch
	}
	return short(s.HeadSHA)
}

// outcome is the colour of a check's conclusion.
func outcome(conclusion string) int {
	switch conclusion {
	case "success":
		return githubPassed
	case "failure", "timed_out", "startup_failure":
		return githubFailed
	}
	return githubNeutral
}

func (b *githubBody) discussed() *discord.Embed {
	d := b.Discussion
	switch {
	case d == nil:
		return nil
	case b.Action == "created":
		return githubEmbed(b.about("New discussion #%d: %s", d.Number, d.Title), d.URL, d.Body, githubIssued)
	case b.Action == "answered" && b.Answer != nil:
		return githubEmbed(b.about("Discussion #%d answered: %s", d.Number, d.Title), d.AnswerURL, b.Answer.Body, githubOpened)
	}
	return nil
}

func (b *githubBody) discussionComment() *discord.Embed {
	if b.Discussion == nil || b.Comment == nil || b.Action != "created" {
		return nil
	}
	return githubEmbed(b.about("New comment on discussion #%d: %s", b.Discussion.Number, b.Discussion.Title),
		b.Comment.URL, b.Comment.Body, githubTalked)
}
