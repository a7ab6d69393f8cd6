package notify_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	pubsub "google.golang.org/api/pubsub/v1"

	"github.com/gke-preflight/gke-preflight/gke/notify"
)

const secret = "/services/T00000000/B00000000/s3cr3ts3cr3ts3cr3t"

var message = notify.Message{
	Title: "NOT READY: prod", Lines: []string{"+ new blocker GP101: <!channel> & <users/all>"},
	Data: []byte(`{"changed": true}`), Attributes: map[string]string{"verdict": "not-ready"},
}

func TestChats(t *testing.T) {
	for name, tc := range map[string]struct {
		open func(string) (notify.Notifier, error)
		want string
	}{
		"Slack":       {notify.Slack, "NOT READY: prod\n+ new blocker GP101: &lt;!channel&gt; &amp; &lt;users/all&gt;"},
		"Google Chat": {notify.GoogleChat, "NOT READY: prod\n+ new blocker GP101: ‹!channel› & ‹users/all›"},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				var body map[string]string
				if err := json.NewDecoder(r.Body).Decode(&body); err != nil || len(body) != 1 || r.Method != http.MethodPost || r.URL.Path != secret || r.Header.Get("Content-Type") != "application/json; charset=utf-8" {
					t.Errorf("%s %s %v: %v, %v", r.Method, r.URL, r.Header, body, err)
				}
				got = append(got, body["text"])
			}))
			defer s.Close()
			tell, err := tc.open(s.URL + secret)
			if err != nil {
				t.Fatal(err)
			}
			if err := tell(t.Context(), message); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{tc.want}, got); diff != "" {
				t.Error(diff)
			}
			if err := tell(t.Context(), notify.Message{Title: strings.Repeat("ü", 50000)}); err != nil {
				t.Fatal(err)
			}
			if n := len([]rune(got[1])); n != 4000 || !strings.HasSuffix(got[1], "ü…") {
				t.Errorf("%d characters were sent", n)
			}
		})
	}
}

// TestFailures holds that what fails is said, by whatever server, and that the URL is
// not: who has it can post.
func TestFailures(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	defer elsewhere.Close()
	for name, tc := range map[string]struct {
		answer http.HandlerFunc
		says   string
	}{
		"an error": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "channel_is_archived", 500) }, `the webhook answered 500 (it said "channel_is_archived")`},
		"revoked":  {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no_service", 404) }, `the webhook answered 404: the webhook may be revoked, make a new one (it said "no_service")`},
		"an echo":  {func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no route "+r.URL.Path, 404) }, "the webhook answered 404: the webhook may be revoked, make a new one"},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL+r.URL.Path, http.StatusTemporaryRedirect)
		}, "the webhook answered 307, a redirect, which is not followed: correct the URL"},
		"escape sequences": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "\x1b[31m"+strings.Repeat("x", 500), 400) }, "the webhook answered 400 (it said \"\uFFFD[31m"},
		"nothing":          {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "the webhook does not answer: EOF"},
		"hanging": {func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		}, "the webhook does not answer: context deadline exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(tc.answer)
			defer s.Close()
			tell, err := notify.Slack(s.URL + secret + "?key=an%2Fother+secret")
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			if name == "hanging" {
				ctx, cancel = context.WithTimeout(t.Context(), 300*time.Millisecond)
			}
			defer cancel()
			err = tell(ctx, message)
			if err == nil || !strings.HasPrefix(err.Error(), tc.says) {
				t.Fatalf("got  %v\nwant %s", err, tc.says)
			}
			keepsSecret(t, err)
		})
	}
	t.Run("nobody", func(t *testing.T) {
		s := httptest.NewServer(nil)
		s.Close()
		tell, err := notify.GoogleChat(s.URL + secret)
		if err != nil {
			t.Fatal(err)
		}
		if err := tell(t.Context(), message); err == nil || !strings.Contains(err.Error(), "connection refused") {
			t.Error(err)
		} else {
			keepsSecret(t, err)
		}
	})
}

func keepsSecret(t *testing.T, err error) {
	t.Helper()
	for _, s := range []string{"T00000000", "s3cr3t", "other"} {
		if strings.Contains(err.Error(), s) {
			t.Errorf("the error tells the URL: %v", err)
		}
	}
}

func TestBadURLs(t *testing.T) {
	for _, u := range []string{"", "hooks.slack.com" + secret, "http://hooks.slack.com" + secret, "https://", "https://hooks.slack.com:x" + secret, "file://" + secret, "\x7fhttps://x" + secret} {
		tell, err := notify.Slack(u)
		if err == nil {
			t.Errorf("%q was taken: %v", u, tell)
			continue
		}
		keepsSecret(t, err)
	}
}

func TestPubSub(t *testing.T) {
	var got pubsub.PublishRequest
	answer := func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"messageIds": ["1"]}`) }
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d := json.NewDecoder(r.Body)
		d.DisallowUnknownFields()
		if err := d.Decode(&got); err != nil || r.Method != http.MethodPost || r.URL.Path != "/v1/projects/acme/topics/upgrades:publish" || r.Header.Get("Authorization") != "" {
			t.Errorf("%s %s: %v", r.Method, r.URL, err)
		}
		w.Header().Set("Content-Type", "application/json")
		answer(w, r)
	}))
	defer s.Close()
	tell, err := notify.PubSub("projects/acme/topics/upgrades", s.URL)
	if err != nil {
		t.Fatal(err)
	}
	if err := tell(t.Context(), message); err != nil {
		t.Fatal(err)
	}
	if len(got.Messages) != 1 {
		t.Fatalf("%d messages", len(got.Messages))
	}
	data, err := base64.StdEncoding.DecodeString(got.Messages[0].Data)
	if err != nil || string(data) != string(message.Data) || cmp.Diff(message.Attributes, got.Messages[0].Attributes) != "" {
		t.Errorf("published %+v, %v", got.Messages[0], err)
	}
	answer = func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(403)
		_, _ = io.WriteString(w, `{"error": {"code": 403, "message": "User not authorized to perform this action.", "status": "PERMISSION_DENIED"}}`)
	}
	if err := tell(t.Context(), message); err == nil || !strings.Contains(err.Error(), "Pub/Sub does not take it for projects/acme/topics/upgrades: ") || !strings.Contains(err.Error(), "not authorized") {
		t.Errorf("the error is %v", err)
	}
	for _, topic := range []string{"", "upgrades", "projects//topics/x", "projects/a/topics/b/c", "projects/a/subscriptions/b"} {
		if _, err := notify.PubSub(topic, ""); err == nil || !strings.Contains(err.Error(), "projects/PROJECT/topics/TOPIC") {
			t.Errorf("topic %q: %v", topic, err)
		}
	}
}
