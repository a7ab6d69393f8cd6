// Package notify tells people, or a queue, what has changed.
package notify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// A Message is what is told. Strings from the cluster may be in all of it.
type Message struct {
	Title string
	Lines []string
	// Data and Attributes are for machines: the change as JSON, and by what to
	// filter it.
	Data       []byte
	Attributes map[string]string
}

// A Notifier tells a message, once. Its error says how that failed, and never by
// which URL.
type Notifier func(context.Context, Message) error

// Slack posts to an incoming webhook of Slack, or of a service that takes the same,
// such as Mattermost. The URL is the secret by which anyone can post.
func Slack(webhook string) (Notifier, error) {
	return chat(webhook, strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;"))
}

// GoogleChat posts to an incoming webhook of a space in Google Chat. The URL is the
// secret by which anyone can post.
func GoogleChat(webhook string) (Notifier, error) {
	return chat(webhook, strings.NewReplacer("<", "‹", ">", "›"))
}

// maxText is how many characters of a text are sent: Slack cuts at 40,000, Google
// Chat refuses more than 32,000 bytes, and nobody reads as much.
const maxText = 4000

// chat posts {"text": …}. In both services angle brackets are what mentions
// everybody in the room, so none of a message may reach them as such.
func chat(webhook string, escape *strings.Replacer) (Notifier, error) {
	u, err := url.Parse(webhook)
	switch {
	case err != nil || u.Host == "":
		return nil, errors.New("the webhook's URL is none: it begins with https://")
	case u.Scheme != "https" && !(u.Scheme == "http" && isLoopback(u.Hostname())):
		return nil, errors.New("the webhook's URL is a secret, and does not begin with https://")
	}
	client := newClient()
	return func(ctx context.Context, m Message) error {
		text := []rune(strings.Join(append([]string{m.Title}, m.Lines...), "\n"))
		if len(text) > maxText {
			text = append(text[:maxText-1], '…')
		}
		return post(ctx, client, u, map[string]string{"text": escape.Replace(string(text))})
	}, nil
}

// newClient follows no redirect: a webhook has none, and what is sent is for its
// owner alone.
func newClient() *http.Client {
	return &http.Client{
		Transport:     http.DefaultTransport.(*http.Transport).Clone(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func isLoopback(host string) bool {
	return host == "localhost" || host == "127.0.0.1" || host == "::1"
}

// explain says what an answer that is no success means.
func explain(status int, said string) error {
	hint := ""
	switch {
	case status >= 300 && status < 400:
		hint = ", a redirect, which is not followed: correct the URL"
	case status == http.StatusNotFound || status == http.StatusGone || status == http.StatusForbidden || status == http.StatusUnauthorized:
		hint = ": the webhook may be revoked, make a new one"
	}
	if said != "" {
		hint += fmt.Sprintf(" (it said %q)", said)
	}
	return fmt.Errorf("the webhook answered %d%s", status, hint)
}
