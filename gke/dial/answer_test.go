package dial

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	admissionv1 "k8s.io/api/admission/v1"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

type change = func(*admission.Interception)

// outcome is what a test cares about in an attempt.
type outcome struct {
	answer  facts.Answer
	fault   facts.Fault
	status  int32
	patched bool
	// detail is a part of the attempt's, or * for any but the empty one.
	detail string
}

func (want outcome) check(t *testing.T, a facts.Attempt) {
	t.Helper()
	got := outcome{a.Answer, a.Fault, a.Status, a.Patched, a.Detail}
	if got.detail != "" && (want.detail == "*" || want.detail != "" && strings.Contains(got.detail, want.detail)) {
		got.detail = want.detail
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(outcome{})); diff != "" {
		t.Error(diff)
	}
}

func patch(s string) func(*admissionv1.AdmissionRequest, map[string]any, map[string]any) {
	return func(_ *admissionv1.AdmissionRequest, _, response map[string]any) {
		response["patchType"] = "JSONPatch"
		response["patch"] = base64.StdEncoding.EncodeToString([]byte(s))
	}
}

func TestAnswers(t *testing.T) {
	deletion := clusterRole("a")
	deletion.Operation, deletion.OldObject, deletion.Object = bootstrap.Delete, deletion.Object, nil
	type fields = map[string]any
	with := func(f func(answer, response fields)) http.HandlerFunc {
		return reply(func(_ *admissionv1.AdmissionRequest, a, r map[string]any) { f(a, r) })
	}
	bomb := `[{"op":"add","path":"/x","value":["` + strings.Repeat("a", 1000) + `"]}`
	for range 30 {
		bomb += `,{"op":"copy","from":"/x","path":"/x/-"}`
	}
	bomb += "]"
	for _, test := range []struct {
		name    string
		h       http.HandlerFunc
		changes []change
		write   *bootstrap.Write
		want    outcome
	}{
		{"allows", reply(nil), nil, nil, outcome{answer: facts.Allowed}},
		{"allows in v1beta1", reply(nil), []change{speaking("v1beta1")}, nil, outcome{answer: facts.Allowed}},
		{"allows in YAML, which the API server reads too", func(w http.ResponseWriter, r *http.Request) {
			var uid string
			reply(func(q *admissionv1.AdmissionRequest, _, _ map[string]any) { uid = string(q.UID) })(discard{}, r)
			_, _ = fmt.Fprintf(w, "apiVersion: admission.k8s.io/v1\nkind: AdmissionReview\nresponse: {uid: %q, allowed: true}\n", uid)
		}, nil, nil, outcome{answer: facts.Allowed}},
		{"denies", with(func(_, r fields) {
			r["allowed"], r["status"] = false, fields{"code": 403, "message": "not today"}
		}), nil, nil, outcome{answer: facts.Denied, status: 403, detail: `admission webhook "opa.example.com" denied the request: not today`}},
		{"denies without a word", with(func(_, r fields) { r["allowed"] = false }), nil, nil,
			outcome{answer: facts.Denied, status: 400, detail: `admission webhook "opa.example.com" denied the request without explanation`}},
		{"another uid", with(func(_, r fields) { r["uid"] = "other" }), nil, nil,
			outcome{answer: facts.BadAnswer, fault: facts.WrongUID, detail: "expected response.uid="}},
		{"no response", with(func(a, _ fields) { delete(a, "response") }), nil, nil,
			outcome{answer: facts.BadAnswer, fault: facts.NoResponse, detail: "webhook response was absent"}},
		{"another version", with(func(a, _ fields) { a["apiVersion"] = "admission.k8s.io/v1beta1" }), nil, nil,
			outcome{answer: facts.BadAnswer, fault: facts.WrongVersion, detail: `asked in admission.k8s.io/v1, it answers in "admission.k8s.io/v1beta1"`}},
		{"no version", with(func(a, _ fields) { delete(a, "apiVersion"); delete(a, "kind") }), nil, nil,
			outcome{answer: facts.BadAnswer, fault: facts.WrongVersion, detail: "expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview"}},
		{"an unknown version", with(func(a, _ fields) { a["apiVersion"] = "admission.k8s.io/v9" }), nil, nil,
			outcome{answer: facts.BadAnswer, fault: facts.WrongVersion, detail: `it answers in "admission.k8s.io/v9"`}},
		{"no JSON", say(200, "text/html", "<html>hello</html>"), nil, nil,
			outcome{answer: facts.BadAnswer, fault: facts.NotReview, detail: "couldn't get version/kind"}},
		{"nothing", say(200, "application/json", ""), nil, nil,
			outcome{answer: facts.BadAnswer, fault: facts.NotReview, detail: "0-length response"}},
		{"a content type that is none", say(200, ";;", "{}"), nil, nil,
			outcome{answer: facts.BadAnswer, fault: facts.NotReview, status: 200, detail: "no media type"}},
		{"wrongly typed", with(func(_, r fields) { r["allowed"] = "perhaps" }), nil, nil,
			outcome{answer: facts.BadAnswer, fault: facts.NotReview, detail: "cannot unmarshal string"}},
		{"an error of HTTP", say(500, "text/plain", "policy\nengine down"), nil, nil,
			outcome{answer: facts.BadAnswer, fault: facts.HTTPStatus, status: 500, detail: "HTTP 500 Internal Server Error: policy engine down"}},
		{"an error as a Status", say(404, "application/json", `{"kind":"Status","apiVersion":"v1","message":"no such path"}`), nil, nil,
			outcome{answer: facts.BadAnswer, fault: facts.HTTPStatus, status: 404, detail: "HTTP 404 Not Found: no such path"}},
		{"a Status with success as its HTTP status", say(200, "application/json", `{"kind":"Status","apiVersion":"v1","status":"Failure","message":"no"}`), nil, nil,
			outcome{answer: facts.BadAnswer, fault: facts.NotReview, detail: "no"}},
		{"a redirect that leaves the review behind", redirect(302), nil, nil,
			outcome{answer: facts.BadAnswer, fault: facts.Redirected, status: 302, detail: "leads to https://example.com/, where the API server would go on without the review"}},
		{"a redirect that leaves the review behind, in the version that knows no uid", redirect(302), []change{speaking("v1beta1")}, nil,
			outcome{answer: facts.CouldNotAsk, fault: facts.Redirected, status: 302, detail: "leads to https://example.com/"}},
		{"a redirect that the API server follows with the review", redirect(307), nil, nil,
			outcome{answer: facts.CouldNotAsk, fault: facts.Redirected, status: 307, detail: "leads to https://example.com/"}},
		{"a huge answer", say(200, "application/json", strings.Repeat("x", maxBody+1)), nil, nil,
			outcome{answer: facts.BadAnswer, fault: facts.TooLarge, detail: "larger than 3 MiB"}},
		{"an endless answer", func(w http.ResponseWriter, r *http.Request) {
			for chunk := []byte(strings.Repeat(" ", 1<<16)); r.Context().Err() == nil; {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		}, nil, nil, outcome{answer: facts.BadAnswer, fault: facts.TooLarge, detail: "larger than 3 MiB"}},
		{"cut within the body", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte(`{"apiVersion":`))
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}, nil, nil, outcome{answer: facts.BadAnswer, fault: facts.Cut, status: 200, detail: "unexpected EOF"}},
		{"cut before the head", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, nil, nil,
			outcome{answer: facts.BadAnswer, fault: facts.Cut, detail: "EOF"}},
		{"hangs within the body", func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write([]byte(`{"apiVersion":`))
			_ = http.NewResponseController(w).Flush()
			hang(w, r)
		}, []change{within(2 * time.Second)}, nil, outcome{answer: facts.Hung, detail: "no answer within 2s"}},
		{"puts off", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(503)
		}, []change{within(2 * time.Second)}, nil, outcome{answer: facts.Hung, fault: facts.HTTPStatus, detail: "HTTP 503 and Retry-After, and no other answer within 2s"}},
		{"hangs", hang, []change{within(2 * time.Second)}, nil, outcome{answer: facts.Hung, detail: "no answer within 2s"}},

		{"patches", reply(patch(`[{"op":"add","path":"/metadata/labels","value":{"seen":"yes"}}]`)), []change{mutating}, nil,
			outcome{answer: facts.Allowed, patched: true}},
		{"patches nothing", reply(patch(`[]`)), []change{mutating}, nil, outcome{answer: facts.Allowed}},
		{"a patch that is none", reply(patch(`{"metadata":{}}`)), []change{mutating}, nil,
			outcome{answer: facts.BadAnswer, fault: facts.BadPatch, detail: "undecodable patch"}},
		{"a patch that does not apply", reply(patch(`[{"op":"remove","path":"/metadata/labels"}]`)), []change{mutating}, nil,
			outcome{answer: facts.Denied, fault: facts.BadPatch, status: 500, detail: "rejects the write whatever the failurePolicy"}},
		{"a patch that makes no object", reply(patch(`[{"op":"replace","path":"","value":3}]`)), []change{mutating}, nil,
			outcome{answer: facts.Denied, fault: facts.BadPatch, status: 500, detail: "does not apply"}},
		{"a patch that panics", reply(patch(`[{"op":"replace","path":""}]`)), []change{mutating}, nil,
			outcome{answer: facts.Denied, fault: facts.BadPatch, status: 500, detail: "applying it panics"}},
		{"a patch that would fill the memory", reply(patch(bomb)), []change{mutating}, nil,
			outcome{answer: facts.Denied, fault: facts.BadPatch, status: 500, detail: "copy"}},
		{"a patch of what is deleted", reply(patch(`[{"op":"add","path":"/x","value":1}]`)), []change{mutating}, &deletion,
			outcome{answer: facts.Denied, fault: facts.BadPatch, status: 500, detail: "not supported for this operation"}},
		{"a patch without a type", with(func(_, r fields) { r["patch"] = "W10=" }), []change{mutating}, nil,
			outcome{answer: facts.BadAnswer, fault: facts.BadPatch, detail: "but not response.patchType"}},
		{"a patch of another type", with(func(_, r fields) { r["patch"], r["patchType"] = "W3sib3AiOiJhZGQifV0=", "Merge" }), []change{mutating}, nil,
			outcome{answer: facts.BadAnswer, fault: facts.BadPatch, detail: `unsupported patch type "Merge"`}},
		{"a patch from a validating webhook", reply(patch(`[]`)), nil, nil,
			outcome{answer: facts.BadAnswer, fault: facts.BadPatch, detail: "validating webhook may not return response.patch"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := clusterRole("a")
			if test.write != nil {
				w = *test.write
			}
			test.want.check(t, askOnce(t, serve(t, test.h), w, test.changes...))
		})
	}
}

func redirect(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "https://example.com/")
		w.WriteHeader(status)
	}
}

type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}

// TestWhatIsSent holds the request against what the API server sends.
func TestWhatIsSent(t *testing.T) {
	var got *http.Request
	var review admissionv1.AdmissionRequest
	b := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		reply(func(q *admissionv1.AdmissionRequest, _, _ map[string]any) { review = *q })(w, r)
	})
	a := askOnce(t, b, clusterRole("a"), within(9500*time.Millisecond))
	want := facts.Attempt{
		Type: "Validating", Config: "opa", Webhook: "opa.example.com", Write: "CREATE clusterroles.rbac.authorization.k8s.io a",
		Vantage: facts.PodNetwork, Target: b.address, Answer: facts.Allowed,
	}
	if diff := cmp.Diff(want, a, cmpopts.IgnoreFields(a, "Milliseconds", "CertificateNotBefore", "CertificateNotAfter")); diff != "" {
		t.Error(diff)
	}
	if a.Milliseconds < 1 {
		t.Errorf("took %d ms", a.Milliseconds)
	}
	if at, err := time.Parse(time.RFC3339, a.CertificateNotAfter); err != nil || time.Until(at) > time.Hour || time.Until(at) < 0 {
		t.Errorf("the certificate expires at %q", a.CertificateNotAfter)
	}
	if at, err := time.Parse(time.RFC3339, a.CertificateNotBefore); err != nil || time.Since(at) < 47*time.Hour {
		t.Errorf("the certificate begins at %q", a.CertificateNotBefore)
	}
	if got.Method != "POST" || got.URL.Path != "/v1/admit" || got.URL.RawQuery != "timeout=10s" || got.Host != serviceName+":443" || got.ProtoMajor != 1 {
		t.Errorf("%s %s of %s by %s", got.Method, got.URL, got.Host, got.Proto)
	}
	if got.Header.Get("Content-Type") != "application/json" || got.Header.Get("Authorization") != "" || got.TLS.ServerName != serviceName {
		t.Errorf("header %v, server name %q", got.Header, got.TLS.ServerName)
	}
	if review.DryRun == nil || !*review.DryRun || review.UserInfo.Username != "system:apiserver" {
		t.Errorf("the review is %+v", review)
	}
}
