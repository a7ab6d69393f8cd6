package push_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	ours "github.com/gke-preflight/gke-preflight/gke/push"
)

const metrics = `# TYPE gke_preflight_verdict gauge
gke_preflight_verdict{project="acme/x",location="",cluster="prod",verdict="ready"} 1
gke_preflight_verdict{project="acme/x",location="",cluster="prod",verdict="not-ready"} 0
# TYPE gke_preflight_facts_absent gauge
gke_preflight_facts_absent{project="acme/x",location="",cluster="prod"} 3
`

func TestPut(t *testing.T) {
	calls := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls++
		user, password, _ := r.BasicAuth()
		path := r.URL.EscapedPath()
		for _, part := range []string{"/gateway/metrics/job/gke_preflight/", "/project@base64/YWNtZS94", "/location@base64/=", "/cluster/prod"} {
			if !strings.Contains(path, part) {
				t.Errorf("%s has no %s", path, part)
			}
		}
		if r.Method != http.MethodPut || user != "u" || password != "pw" {
			t.Errorf("%s as %q", r.Method, user)
		}
		parser := expfmt.NewTextParser(model.UTF8Validation)
		families, err := parser.TextToMetricFamilies(r.Body)
		if err != nil || len(families) != 2 || len(families["gke_preflight_verdict"].Metric) != 2 {
			t.Errorf("%v, %v", families, err)
		}
		for _, f := range families {
			for _, m := range f.Metric {
				for _, l := range m.Label {
					if l.GetName() != "verdict" {
						t.Errorf("%s has label %s, which the URL has, too", f.GetName(), l.GetName())
					}
				}
			}
		}
		w.WriteHeader(http.StatusAccepted)
	}))
	defer s.Close()
	if err := ours.Put(t.Context(), strings.Replace(s.URL, "http://", "http://u:pw@", 1)+"/gateway/", strings.NewReader(metrics)); err != nil || calls != 1 {
		t.Errorf("%d calls, %v", calls, err)
	}
}

func TestFailures(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	defer elsewhere.Close()
	for name, tc := range map[string]struct {
		answer http.HandlerFunc
		says   string
	}{
		"refused": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no room", 500) }, "unexpected status code 500"},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusPermanentRedirect)
		}, "unexpected status code 308"},
		"hanging": {func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		}, "it does not answer: context deadline exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(tc.answer)
			defer s.Close()
			patience := 10 * time.Second
			if name == "hanging" {
				patience = 300 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			err := ours.Put(ctx, strings.Replace(s.URL, "http://", "http://u:s3cr3t@", 1), strings.NewReader(metrics))
			if err == nil || !strings.Contains(err.Error(), tc.says) || strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("got  %v\nwant %s", err, tc.says)
			}
		})
	}
	for _, u := range []string{"", "gateway:9091", "ftp://x", "http://", "http://x?y=z", "http://u:s3cr3t@x:y"} {
		if err := ours.Put(t.Context(), u, strings.NewReader(metrics)); err == nil || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%q: %v", u, err)
		}
	}
	if err := ours.Put(t.Context(), "http://localhost:1", strings.NewReader("{")); err == nil {
		t.Error("what are no metrics were pushed")
	}
}
