package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gke-preflight/gke-preflight/gke/notify"
)

// notifyVariable holds the URL of a chat's webhook where no file does.
const notifyVariable = "GKE_PREFLIGHT_NOTIFY_URL"

// notifyFlags say whom to tell of a change. No flag takes the URL of a webhook:
// command lines are seen by everybody on the machine.
type notifyFlags struct {
	to       string
	urlFile  string
	topic    string
	endpoint string
}

func (n *notifyFlags) bind(cmd *cobra.Command) {
	fs := cmd.Flags()
	choose(cmd, &n.to, "notify", "", "", "tell of a change: slack (an incoming webhook, of Slack or what takes the same), google-chat (a webhook of a space), pubsub (the change as JSON)", "slack", "google-chat", "pubsub")
	fs.StringVar(&n.urlFile, "notify-url-file", "", "file that holds the URL of the webhook, which is a secret; default: $"+notifyVariable)
	fs.StringVar(&n.topic, "notify-topic", "", "topic of Pub/Sub: projects/PROJECT/topics/TOPIC")
	fs.StringVar(&n.endpoint, "pubsub-endpoint", "", "URL of another Pub/Sub API; default: Google's own")
}

// open returns what tells; nil if nobody is to be told.
func (n notifyFlags) open() (tell notify.Notifier, err error) {
	switch n.to {
	case "":
		if n.urlFile != "" || n.topic != "" {
			return nil, fmt.Errorf("--notify: whom to tell is missing: slack, google-chat or pubsub")
		}
		return nil, nil
	case "pubsub":
		if n.urlFile != "" {
			return nil, fmt.Errorf("--notify-url-file: Pub/Sub has no webhook, give --notify-topic")
		}
		if tell, err = notify.PubSub(n.topic, n.endpoint); err != nil {
			return nil, fmt.Errorf("--notify-topic: %w", err)
		}
		return tell, nil
	}
	if n.topic != "" {
		return nil, fmt.Errorf("--notify-topic: only pubsub has topics")
	}
	from, url := "$"+notifyVariable, os.Getenv(notifyVariable)
	if n.urlFile != "" {
		b, err := os.ReadFile(n.urlFile)
		if err != nil {
			return nil, fmt.Errorf("--notify-url-file: %w", err)
		}
		from, url = "--notify-url-file "+n.urlFile, strings.TrimSpace(string(b))
	}
	if url == "" {
		return nil, fmt.Errorf("--notify %s: the URL of the webhook is missing: give the file that holds it by --notify-url-file, or set $%s", n.to, notifyVariable)
	}
	open := notify.Slack
	if n.to == "google-chat" {
		open = notify.GoogleChat
	}
	if tell, err = open(url); err != nil {
		return nil, fmt.Errorf("%s: %w", from, err)
	}
	return tell, nil
}
