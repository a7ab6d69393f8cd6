package dial

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"path"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// throughProxy asks the backend through the running API server's service proxy.
// The time it takes is counted from where the API server turns to the Service.
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
	way := p.roadTo(ctx, q)
	limited, cancel := way.limit(ctx, q)
	defer cancel()
	traced, sent := noteSent(limited)
	begin := time.Now()
	res := post(traced, client.Post().AbsPath(proxyPath(q)), q)
	elapsed := time.Since(begin)
	a, own := p.ownAnswer(ctx, q, res, r)
	if !own {
		a = read(limited, q, res, r, func(err error) facts.Attempt {
			return p.unanswered(ctx, q, err, context.Cause(limited), sent.Load(), r.status)
		})
	}
	a.Milliseconds = max(1, (elapsed - way.share()).Milliseconds())
	return a
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

// unanswered tells a backend that hangs behind the API server from what is
// before it. end is why the question was given up, nil if it wasn't. The API
// server resets the stream when the backend cuts its answer.
func (p *prober) unanswered(ctx context.Context, q *question, err, end error, sent bool, status int) facts.Attempt {
	hung := errors.Is(end, context.DeadlineExceeded)
	switch {
	case !sent:
		return q.Attempt(facts.CouldNotAsk, "", "the API server could not be reached: "+cause(err))
	case hung && p.api.answers(ctx):
		return q.Attempt(facts.Hung, "", noAnswer(q))
	case hung:
		return q.Attempt(facts.CouldNotAsk, "", "the API server itself does not answer")
	case end != nil:
		return p.blocked(q, end.Error())
	case asError(err, &http2.StreamError{}), status != 0 && ended(err):
		return q.Attempt(facts.BadAnswer, facts.Cut, cause(err))
	case status != 0:
		return q.Attempt(facts.BadAnswer, facts.NotReview, cause(err))
	}
	return q.Attempt(facts.CouldNotAsk, "", "the connection to the API server broke: "+cause(err))
}

// blocked is what it means that admission did not let the request through to the
// service proxy. If that is because the webhook that was to be asked could not
// be called, the API server itself has put the question.
func (p *prober) blocked(q *question, message string) facts.Attempt {
	webhook, why, ok := blockedBy(message)
	if !ok || webhook != q.Interception.Webhook || p.ambiguous[webhook] {
		return q.Attempt(facts.CouldNotAsk, "", "the request to the service proxy was itself stopped: "+message)
	}
	a := q.failed(why)
	a.Detail = "the API server's own call, for the request to the service proxy: " + why
	return a
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
		return q.failed(strings.TrimPrefix(s.Message, noReach)), true
	case code == http.StatusServiceUnavailable && strings.HasPrefix(s.Message, "no service port "):
		return q.Attempt(facts.NoEndpoints, facts.NoPort, s.Message), true
	case code == http.StatusServiceUnavailable && strings.HasPrefix(s.Message, "no endpoints available for service "):
		return q.noEndpoints(s.Message), true
	case code == http.StatusNotFound && s.Message == fmt.Sprintf("services %q not found", b.Name):
		return q.noEndpoints(s.Message), true
	case byAdmission(s.Message):
		return p.blocked(q, s.Message), true
	case code == http.StatusUnauthorized, code == http.StatusForbidden, code == http.StatusTooManyRequests:
		if allowed, err := p.api.allows(ctx, 5*time.Second, "services", "proxy", b.Namespace); err != nil || !allowed {
			return q.Attempt(facts.CouldNotAsk, facts.NotPermitted, s.Message), true
		}
	case code >= http.StatusInternalServerError:
		return q.Attempt(facts.CouldNotAsk, "", "the API server says: "+s.Message), true
	}
	return a, false
}

// noEndpoints is what the service proxy says where there is no Service, or
// nobody ready behind it; but also where its addresses are no Pod's or stand in
// EndpointSlices alone, and where they have just changed.
func (q *question) noEndpoints(message string) facts.Attempt {
	if len(q.Addresses) > 0 {
		return q.Attempt(facts.CouldNotAsk, "", fmt.Sprintf("the service proxy goes to no address of it, though %s is ready: %s", strings.Join(q.Addresses, ", "), message))
	}
	return q.Attempt(facts.NoEndpoints, facts.NoEndpoint, message)
}
