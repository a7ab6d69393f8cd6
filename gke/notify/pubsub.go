package notify

import (
	"context"
	"encoding/base64"
	"fmt"
	"regexp"

	"google.golang.org/api/option"
	pubsub "google.golang.org/api/pubsub/v1"
)

var topicName = regexp.MustCompile(`^projects/[^/]+/topics/[^/]+$`)

// PubSub publishes a message's data and attributes to a topic, such as
// projects/my-project/topics/upgrades, with Application Default Credentials.
// endpoint is the URL of another Pub/Sub API, which is asked without credentials if
// it is plain http; empty for Google's own.
func PubSub(topic, endpoint string) (Notifier, error) {
	if !topicName.MatchString(topic) {
		return nil, fmt.Errorf("the topic %q is none: name it as projects/PROJECT/topics/TOPIC", topic)
	}
	return func(ctx context.Context, m Message) error {
		s, err := pubsub.NewService(ctx, options(endpoint)...)
		if err != nil {
			return fmt.Errorf("Pub/Sub can't be asked: %w", err)
		}
		_, err = s.Projects.Topics.Publish(topic, &pubsub.PublishRequest{Messages: []*pubsub.PubsubMessage{{
			Data: base64.StdEncoding.EncodeToString(m.Data), Attributes: m.Attributes,
		}}}).Context(ctx).Do()
		if err != nil {
			return fmt.Errorf("Pub/Sub does not take it for %s: %w", topic, err)
		}
		return nil
	}, nil
}

func options(endpoint string) []option.ClientOption {
	o := []option.ClientOption{option.WithScopes(pubsub.PubsubScope)}
	if endpoint == "" {
		return o
	}
	o = append(o, option.WithEndpoint(endpoint))
	if len(endpoint) > 7 && endpoint[:7] == "http://" {
		o = append(o, option.WithoutAuthentication())
	}
	return o
}
