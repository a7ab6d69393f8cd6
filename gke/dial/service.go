package dial

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"path"
	"regexp"
	"strings"
	"sync/atomic"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// throughProxy asks the backend through the running API server's service proxy.
func (p *prober) throughProxy(ctx context.Context, q *question) facts.Attempt {
	if p.api == nil {
		return q.Attempt(facts.CouldNotAsk, "", p.apiErr.Error())
	}
	r := &reader{RoundTripper: p.api.transport, budget: &p.bodies}
	defer r.release()
	client, err := rest.UnversionedRESTClientForConfigAndClient(p.api.config, r.client())
	if err != nil {
		return q.Attempt(facts.CouldNotAsk, "", err.Error())
	}
	traced, sent := noteSent(ctx)
	res := post(traced, client.Post().AbsPath(proxyPath(q)), q)
	failed := func(err error) facts.Attempt {
		return p.unanswered(ctx, q, err, sent.Load(), r.status)
	}
	if a, own := p.ownAnswer(ctx, q, res, r); own {
		return a
	}
	return read(q, res, r, failed)
}

// proxyPath ends as the path that the API server would call, which it cleans.
func proxyPath(q *question) string {
	b := q.Interception.Backend
	return fmt.Sprintf("/api/v1/namespaces/%s/services/https:%s:%d/proxy", b.Namespace, b.Name, b.Port) + path.Join("/", b.Path)
}

func noteSent(ctx context.Context) (context.Context, *atomic.Bool) {
	var sent atomic.Bool
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteRequest: func(i httptrace.WroteRequestInfo) { sent.Store(i.Err == nil) },
	}), &sent
}

// unanswered tells a backend that hangs behind the API server from an API server
// that can't be reached.
func (p *prober) unanswered(ctx context.Context, q *question, err error, sent bool, status int) facts.Attempt {
	switch {
	case !sent:
		return q.Attempt(facts.CouldNotAsk, "", "the API server could not be reached: "+cause(err))
	case timedOut(err) && p.api.answers(ctx):
		return q.Attempt(facts.Hung, "", noAnswer(q))
	case timedOut(err):
		return q.Attempt(facts.CouldNotAsk, "", "the API server itself does not answer")
	case status != 0 && ended(err):
		return q.Attempt(facts.BadAnswer, facts.Cut, cause(err))
	case status != 0:
		return q.Attempt(facts.BadAnswer, facts.NotReview, cause(err))
	}
	return q.Attempt(facts.CouldNotAsk, "", "the connection to the API server broke: "+cause(err))
}

// noReach begins what the API server says when it can't get to the backend
// (k8s.io/apimachinery pkg/util/proxy/transport.go, RoundTrip).
const noReach = "error trying to reach service: "

// ownAnswer judges an error that the API server, or what is before it, answered
// with; own is false for what comes from the backend.
func (p *prober) ownAnswer(ctx context.Context, q *question, res rest.Result, r *reader) (a facts.Attempt, own bool) {
	var code int
	res.StatusCode(&code)
	if code < http.StatusBadRequest {
		return a, false
	}
	content, _ := res.Raw()
	switch s := statusOf(content); {
	case !r.audited:
		a, own = q.Attempt(facts.CouldNotAsk, "", "what answered is not the API server: "+httpError(code, content)), true
	case s != nil:
		a, own = p.judge(ctx, q, code, s)
	}
	return withStatus(a, code), own
}

func (p *prober) judge(ctx context.Context, q *question, code int, s *metav1.Status) (a facts.Attempt, own bool) {
	b := q.Interception.Backend
	switch {
	case code == http.StatusServiceUnavailable && strings.HasPrefix(s.Message, noReach):
		return q.notReached(strings.TrimPrefix(s.Message, noReach)), true
	case code == http.StatusServiceUnavailable && strings.HasPrefix(s.Message, "no service port "):
		return q.Attempt(facts.NoEndpoints, facts.NoPort, s.Message), true
	case code == http.StatusServiceUnavailable && strings.HasPrefix(s.Message, "no endpoints available for service "):
		return q.noEndpoints(s.Message), true
	case code == http.StatusNotFound && s.Message == fmt.Sprintf("services %q not found", b.Name):
		return q.Attempt(facts.NoEndpoints, facts.NoService, s.Message), true
	case code == http.StatusNotFound && s.Message == fmt.Sprintf("endpoints %q not found", b.Name):
		return q.noEndpoints(s.Message), true
	case byAdmission(s.Message):
		return q.Attempt(facts.CouldNotAsk, "", "the request to the service proxy was itself rejected: "+s.Message), true
	case code == http.StatusUnauthorized, code == http.StatusForbidden, code == http.StatusTooManyRequests:
		if allowed, err := p.api.allowsProxy(ctx, b.Namespace); err != nil || !allowed {
			return q.Attempt(facts.CouldNotAsk, facts.NotPermitted, s.Message), true
		}
	case code >= http.StatusInternalServerError:
		return q.Attempt(facts.CouldNotAsk, "", "the API server says: "+s.Message), true
	}
	return a, false
}

// noEndpoints is what the service proxy says of a Service that nobody ready is
// behind, but also of one behind which there are addresses that are no Pod's,
// and of one whose endpoints have just changed.
func (q *question) noEndpoints(message string) facts.Attempt {
	if len(q.Addresses) > 0 {
		return q.Attempt(facts.CouldNotAsk, "", fmt.Sprintf("the service proxy goes to no address of it, though %s is ready: %s", strings.Join(q.Addresses, ", "), message))
	}
	return q.Attempt(facts.NoEndpoints, facts.NoEndpoint, message)
}

// reach are the causes that the API server names for not having reached a
// backend, in the words of net, crypto/tls, net/http and the konnectivity client.
var reach = []struct {
	words  *regexp.Regexp
	answer facts.Answer
	fault  facts.Fault
}{
	{regexp.MustCompile(`TLS handshake timeout`), facts.HungBeforeTLS, ""},
	{regexp.MustCompile(`^dial .*(i/o timeout|deadline exceeded|timed out)|^dial timeout`), facts.ConnectTimeout, ""},
	{regexp.MustCompile(`i/o timeout|deadline exceeded`), facts.Hung, ""},
	{regexp.MustCompile(`^dial |[Nn]o agent available`), facts.Refused, ""},
	{regexp.MustCompile(`does not look like a TLS handshake|HTTP response to HTTPS client`), facts.BadAnswer, facts.NotTLS},
	{regexp.MustCompile(`^(remote error: )?tls: `), facts.BadAnswer, facts.TLSRefused},
	{regexp.MustCompile(`EOF|connection reset|broken pipe|closed`), facts.BadAnswer, facts.Cut},
}

func (q *question) notReached(why string) facts.Attempt {
	for _, r := range reach {
		if r.words.MatchString(why) {
			return q.Attempt(r.answer, r.fault, why)
		}
	}
	return q.Attempt(facts.BadAnswer, facts.NotReview, why)
}
