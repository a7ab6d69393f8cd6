package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
)

func post(ctx context.Context, client *http.Client, u *url.URL, body map[string]string) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(b))
	if err != nil {
		return errors.New("the webhook's URL can't be used")
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("the webhook does not answer: %w", withoutURL(err))
	}
	defer resp.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(resp.Body, 1024))
	if resp.StatusCode/100 == 2 {
		return nil
	}
	return explain(resp.StatusCode, quoted(string(said), u))
}

// withoutURL is the cause of a failed request, which names the URL itself.
func withoutURL(err error) error {
	var failed *url.Error
	if errors.As(err, &failed) {
		return failed.Err
	}
	return err
}

// quoted is the first line of an answer, such as Slack's channel_is_archived, unless
// a part of the URL stands in it.
func quoted(said string, u *url.URL) string {
	said, _, _ = strings.Cut(strings.TrimSpace(said), "\n")
	const most = 100
	if r := []rune(said); len(r) > most {
		said = string(r[:most]) + "…"
	}
	parts := strings.FieldsFunc(u.RequestURI(), func(r rune) bool { return strings.ContainsRune("/?&=", r) })
	if u.User != nil {
		parts = append(parts, u.User.String())
	}
	for _, part := range parts {
		const tooShortForASecret = 8
		raw, err := url.QueryUnescape(part)
		if len(part) >= tooShortForASecret && (strings.Contains(said, part) || err == nil && strings.Contains(said, raw)) {
			return ""
		}
	}
	return preflight.Clean(said)
}
