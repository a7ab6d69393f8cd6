package dial

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/probe"
)

// FuzzAnswer reads what a backend may send: whatever it is, the tool neither
// crashes nor takes it for an answer that allows unless it is one.
func FuzzAnswer(f *testing.F) {
	w := clusterRole("a")
	b := backend{address: "127.0.0.1:1", ca: newAuthority(f, time.Now().Add(time.Hour))}
	var sent = map[string][]probe.Request{
		"v1": planFor(f, b, w, mutating), "v1beta1": planFor(f, b, w, mutating, speaking("v1beta1")),
	}
	_, uid := (&question{Request: &sent["v1"][0]}).sent()
	good := `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"` + string(uid) + `","allowed":true`
	f.Add(200, "application/json", "", true, true, []byte(good+"}}"))
	f.Add(200, "application/json", "", true, false, []byte(good+`,"patchType":"JSONPatch","patch":"W3sib3AiOiJhZGQiLCJwYXRoIjoiL3giLCJ2YWx1ZSI6MX1d"}}`))
	f.Add(200, "application/json", "", true, true, []byte(good+`,"patchType":"JSONPatch","patch":"W10="}}`))
	f.Add(200, "text/yaml", "", false, true, []byte("apiVersion: admission.k8s.io/v1beta1\nkind: AdmissionReview\nresponse: {allowed: true}"))
	f.Add(200, "application/vnd.kubernetes.protobuf", "", true, true, []byte("k8s\x00\x0a\x00"))
	f.Add(200, "application/json", "", true, true, []byte(`{"kind":"Status","apiVersion":"v1","status":"Success"}`))
	f.Add(302, "", "https://example.com/", true, true, []byte(""))
	f.Add(500, "text/plain", "", true, true, []byte("down\xff\x1b[31m"))
	f.Add(0, ";", "", true, true, []byte("\x00"))
	answers := []facts.Answer{facts.Allowed, facts.Denied, facts.BadAnswer, facts.CouldNotAsk}
	f.Fuzz(func(t *testing.T, status int, contentType, location string, v1, mutates bool, content []byte) {
		limitPatches()
		version := "v1"
		if !v1 {
			version = "v1beta1"
		}
		request := sent[version][0]
		if !mutates {
			request.Interception.Kind = admission.ValidatingWebhook
		}
		q := &question{Request: &request}
		a := q.fed(t, status, contentType, location, content)
		if !slices.Contains(answers, a.Answer) || !utf8.ValidString(clip(a.Detail)) || utf8.RuneCountInString(clip(a.Detail)) > maxDetail {
			t.Errorf("%+v", a)
		}
		if a.Answer == facts.Allowed && !(status >= 200 && status <= 206 && allows(content, v1, string(uid))) {
			t.Errorf("taken for an answer that allows: HTTP %d %q", status, content)
		}
	})
}

// allows reads the answer without the API server's code. What is neither JSON
// nor YAML must at least name the question.
func allows(content []byte, v1 bool, uid string) bool {
	var answer struct {
		Response struct {
			UID     string
			Allowed bool
		}
	}
	if err := yaml.Unmarshal(content, &answer); err != nil {
		return !v1 || bytes.Contains(content, []byte(uid))
	}
	return answer.Response.Allowed && (!v1 || answer.Response.UID == uid)
}

// fed reads the answer given as if a backend had sent it.
func (q *question) fed(t *testing.T, status int, contentType, location string, content []byte) facts.Attempt {
	t.Helper()
	head := http.Header{"Content-Type": {contentType}, "Location": {location}}
	r := &reader{budget: new(atomic.Int64), RoundTripper: roundTripper(func(req *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: head, Body: io.NopCloser(bytes.NewReader(content)), Request: req}, nil
	})}
	defer r.release()
	client, err := rest.UnversionedRESTClientForConfigAndClient(reviewConfig(&rest.Config{Host: "https://127.0.0.1"}), r.client())
	if err != nil {
		t.Fatal(err)
	}
	return read(t.Context(), q, post(t.Context(), client.Post(), q), r, func(err error) facts.Attempt {
		return q.Attempt(facts.BadAnswer, facts.NotReview, cause(err))
	})
}
