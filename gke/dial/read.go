package dial

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"

	admissionv1 "k8s.io/api/admission/v1"
	admissionv1beta1 "k8s.io/api/admission/v1beta1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	webhookerrors "k8s.io/apiserver/pkg/admission/plugin/webhook/errors"
	webhookrequest "k8s.io/apiserver/pkg/admission/plugin/webhook/request"
	"k8s.io/client-go/rest"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

const (
	// maxBody is how much is read of one answer. No patch of an object that
	// etcd would take comes near it.
	maxBody = 3 << 20
	// maxBodies is how much is held of all answers at a time.
	maxBodies = 128 << 20
)

var (
	errTooLarge = fmt.Errorf("the answer is larger than %d MiB", maxBody>>20)
	errTooMany  = errors.New("too many large answers at a time: ask again with fewer webhooks at once")
)

// A reader bounds what is read of an answer and notes its head. It serves one
// question.
type reader struct {
	http.RoundTripper
	budget *atomic.Int64

	held     int64
	status   int
	location string
	// audited says that a kube-apiserver is on the way: it marks all it passes
	// (k8s.io/apiserver pkg/endpoints/filters/audit_init.go).
	audited bool
}

// client returns an HTTP client that reads through r and follows no redirects.
func (r *reader) client() *http.Client {
	return &http.Client{Transport: r, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// RoundTrip implements [http.RoundTripper].
func (r *reader) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := r.RoundTripper.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	r.release()
	r.status, r.location, r.audited = resp.StatusCode, resp.Header.Get("Location"), resp.Header.Get("Audit-Id") != ""
	resp.Body = &body{resp.Body, r}
	return resp, nil
}

func (r *reader) release() {
	r.budget.Add(-r.held)
	r.held = 0
}

type body struct {
	io.ReadCloser
	r *reader
}

// Read implements [io.Reader].
func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.r.held += int64(n)
	switch {
	case b.r.budget.Add(int64(n)) > maxBodies:
		return n, errTooMany
	case b.r.held > maxBody:
		return n, errTooLarge
	}
	return n, err
}

// read takes the answer for what the API server would take it for. failed tells
// what it means if there was none. What is cut because ctx ended can look like a
// short answer; it is none.
func read(ctx context.Context, q *question, res rest.Result, r *reader, failed func(error) facts.Attempt) facts.Attempt {
	a := q.taken(res, r, failed)
	if a.Answer == facts.BadAnswer && ctx.Err() != nil {
		return failed(ctx.Err())
	}
	if hangs(a) {
		a.Status = 0
		if q.putOff(r.status) {
			a.Fault, a.Detail = facts.HTTPStatus, fmt.Sprintf("HTTP %d and Retry-After, and no other answer within %v", r.status, q.Timeout)
		}
	}
	return a
}

// putOff reports whether the backend asked to come back later, as the API server
// and this tool then do until the time is over. A 429 through the service proxy
// may be the API server's own.
func (q *question) putOff(status int) bool {
	return status >= http.StatusInternalServerError || status == http.StatusTooManyRequests && q.Vantage != facts.ServiceProxy
}

func (q *question) taken(res rest.Result, r *reader, failed func(error) facts.Attempt) facts.Attempt {
	var code int
	res.StatusCode(&code)
	content, err := res.Raw()
	switch {
	case errors.Is(err, errTooLarge):
		return q.Attempt(facts.BadAnswer, facts.TooLarge, err.Error())
	case errors.Is(err, errTooMany):
		return q.Attempt(facts.CouldNotAsk, "", err.Error())
	case err != nil && code == 0 && r.status == 0:
		return failed(err)
	case r.redirects():
		return q.redirected(r)
	case err != nil && code == 0:
		return withStatus(failed(err), r.status)
	case err != nil:
		return withStatus(q.Attempt(facts.BadAnswer, facts.HTTPStatus, httpError(code, content)), code)
	}
	if q.Call != nil {
		return q.converted(content)
	}
	return q.review(res, content)
}

func (r *reader) redirects() bool {
	switch r.status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return r.location != ""
	}
	return false
}

// redirected is the answer to a redirect, which the API server follows: with a
// GET that leaves the review behind, to which nobody can answer by its uid; or
// with the same POST, and what comes of that is not known.
func (q *question) redirected(r *reader) facts.Attempt {
	a := q.Attempt(facts.CouldNotAsk, facts.Redirected, fmt.Sprintf("HTTP %d leads to %s, where the API server would go on and this tool does not", r.status, r.location))
	again := r.status == http.StatusTemporaryRedirect || r.status == http.StatusPermanentRedirect
	if version, _ := q.sent(); version == admissionv1.SchemeGroupVersion.String() && !again {
		a.Answer = facts.BadAnswer
		a.Detail = fmt.Sprintf("HTTP %d leads to %s, where the API server would go on without the review", r.status, r.location)
	}
	return withStatus(a, r.status)
}

func withStatus(a facts.Attempt, code int) facts.Attempt {
	a.Status = int32(code)
	return a
}

// httpError is what an HTTP error says in its body, on one line.
func httpError(code int, content []byte) string {
	said := string(content[:min(len(content), 4*maxDetail)])
	if s := statusOf(content); s != nil {
		said = s.Message
	}
	said = strings.Join(strings.Fields(said), " ")
	head := fmt.Sprintf("HTTP %d %s", code, http.StatusText(code))
	if said == "" {
		return head
	}
	return head + ": " + said
}

// statusOf returns the Status that content is, nil if it is none.
func statusOf(content []byte) *metav1.Status {
	var s metav1.Status
	if err := json.Unmarshal(content, &s); err != nil || s.Kind != "Status" || s.APIVersion != "v1" {
		return nil
	}
	return &s
}

// sent returns version and uid of the review.
func (q *question) sent() (apiVersion string, uid types.UID) {
	var sent struct {
		metav1.TypeMeta
		Request struct{ UID types.UID }
	}
	_ = json.Unmarshal(q.Review, &sent)
	return sent.APIVersion, sent.Request.UID
}

// review judges what was answered with success, by the API server's own rules.
func (q *question) review(res rest.Result, content []byte) facts.Attempt {
	version, uid := q.sent()
	var answer runtime.Object = &admissionv1.AdmissionReview{}
	if version == admissionv1beta1.SchemeGroupVersion.String() {
		answer = &admissionv1beta1.AdmissionReview{}
	}
	if err := res.Into(answer); err != nil {
		var said metav1.TypeMeta
		if json.Unmarshal(content, &said) == nil && said.Kind == "AdmissionReview" && said.APIVersion != version {
			return q.Attempt(facts.BadAnswer, facts.WrongVersion, fmt.Sprintf("asked in %s, it answers in %q", version, said.APIVersion))
		}
		return q.Attempt(facts.BadAnswer, facts.NotReview, err.Error())
	}
	mutating := q.Interception.Kind == admission.MutatingWebhook
	verified, err := webhookrequest.VerifyAdmissionResponse(uid, mutating, answer)
	switch {
	case err != nil:
		return q.Attempt(facts.BadAnswer, invalid(answer, uid, version), err.Error())
	case !verified.Allowed:
		s := webhookerrors.ToStatusErr(q.Interception.Webhook, verified.Result).ErrStatus
		return withStatus(q.Attempt(facts.Denied, "", s.Message), int(s.Code))
	case mutating:
		return q.patched(verified)
	}
	return q.Attempt(facts.Allowed, "", "")
}

// invalid says why VerifyAdmissionResponse does not accept the answer.
func invalid(answer runtime.Object, uid types.UID, version string) facts.Fault {
	a, ok := answer.(*admissionv1.AdmissionReview)
	switch {
	case !ok || a.Response == nil:
		return facts.NoResponse
	case a.Response.UID != uid:
		return facts.WrongUID
	case a.APIVersion != version || a.Kind != "AdmissionReview":
		return facts.WrongVersion
	}
	return facts.BadPatch
}
