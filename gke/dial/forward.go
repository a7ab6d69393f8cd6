package dial

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

const (
	// maxForward is how long a port-forward may take to open: the request for it
	// passes admission first, where a webhook of the usual timeout holds it up for
	// 10 s. With the review before it, that is as long as a dry-run is waited for.
	maxForward = 10750 * time.Millisecond
	// forwardAllowance is what the way through API server and kubelet may add to
	// the webhook's timeout, where that is less than the handshake's own.
	forwardAllowance = time.Second
)

// throughPort asks one Pod, or looks at the certificate that it serves, through a
// port-forward. That ends at the localhost of the Pod: what is in the way of the
// API server's own calls, such as a NetworkPolicy, is not in its way. So that
// nobody listens there is no answer.
func (p *prober) throughPort(ctx context.Context, q *question) facts.Attempt {
	if p.api == nil {
		return q.Attempt(facts.CouldNotAsk, "", p.apiErr.Error())
	}
	client, err := newHookClient(q.Interception, "", nil)
	if err != nil {
		return q.badBundle(err)
	}
	to, err := parsePort(q.address)
	if err != nil {
		return q.Attempt(facts.CouldNotAsk, "", err.Error())
	}
	if allowed, err := p.api.allows(ctx, time.Second/2, "pods", "portforward", to.namespace); err == nil && !allowed {
		return q.Attempt(facts.CouldNotAsk, facts.NotPermitted, mayNotForward(to.namespace))
	}
	opening, cancel := context.WithTimeout(ctx, maxForward)
	defer cancel()
	t, err := p.api.forward(opening, to)
	if err != nil {
		return q.notForwarded(opening, to, err)
	}
	defer t.Close()
	lasting, stop := context.WithTimeout(ctx, q.Timeout+forwardAllowance)
	defer stop()
	begin := time.Now()
	j := &journey{ctx: lasting, connected: true}
	var a facts.Attempt
	if q.Review == nil {
		a = j.finish(q.handshake(lasting, j, client, t))
	} else {
		a = p.reviewThrough(lasting, q, j, t)
	}
	a.Milliseconds = max(1, time.Since(begin).Milliseconds())
	return p.forwarded(ctx, q, a, t)
}

// reviewThrough sends the review through the port-forward, by the API server's own
// client.
func (p *prober) reviewThrough(ctx context.Context, q *question, j *journey, t *tunnel) facts.Attempt {
	only := make(chan net.Conn, 1)
	only <- t
	client, err := newHookClient(q.Interception, "", func(context.Context, string, string) (net.Conn, error) {
		select {
		case conn := <-only:
			return conn, nil
		default:
			return nil, net.ErrClosed
		}
	})
	if err != nil {
		return q.badBundle(err)
	}
	// After HTTP 101 the transport heeds no deadline any more.
	defer context.AfterFunc(ctx, func() { _ = t.Close() })()
	r := &reader{RoundTripper: client.Client.Transport, budget: &p.bodies}
	defer r.release()
	client.Client = r.client()
	res := post(httptrace.WithClientTrace(ctx, j.trace()), client.Post(), q)
	return j.finish(read(ctx, q, res, r, func(err error) facts.Attempt { return j.failure(q, err) }))
}

// A podPort is where a port-forward goes.
type podPort struct {
	namespace, pod string
	port           uint16
}

// parsePort reads namespace/pod:port.
func parsePort(s string) (podPort, error) {
	namespace, rest, _ := strings.Cut(s, "/")
	pod, port, _ := strings.Cut(rest, ":")
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 || pod == "" || namespace == "" {
		return podPort{}, fmt.Errorf("%q is no port of a Pod", s)
	}
	return podPort{namespace, pod, uint16(n)}, nil
}

func (to podPort) path() string {
	return fmt.Sprintf("/api/v1/namespaces/%s/pods/%s/portforward", to.namespace, to.pod)
}

func mayNotForward(namespace string) string {
	return fmt.Sprintf("no permission for a port-forward in namespace %s: grant get and create on pods/portforward, as gke-preflight rbac prints", namespace)
}

// notForwarded is why no port-forward could be opened, which says nothing about
// the backend, whoever stopped it.
func (q *question) notForwarded(ctx context.Context, to podPort, err error) facts.Attempt {
	message := statusMessage(err)
	switch {
	case byAdmission(message):
		return q.Attempt(facts.CouldNotAsk, "", "the request for the port-forward was itself stopped: "+message)
	case apierrors.IsForbidden(err) && authorizerSays.MatchString(message):
		return q.Attempt(facts.CouldNotAsk, facts.NotPermitted, mayNotForward(to.namespace)+": "+message)
	case message != "":
		return q.Attempt(facts.CouldNotAsk, "", "the API server opens no port-forward: "+message)
	case ctx.Err() != nil || timedOut(err):
		return q.Attempt(facts.CouldNotAsk, "", fmt.Sprintf("the port-forward was not open within %v: admission, or the way to the kubelet, holds it up", maxForward))
	}
	return q.Attempt(facts.CouldNotAsk, "", "no port-forward could be opened: "+cause(err))
}

// statusMessage is what the API server said, empty if err is not from there.
func statusMessage(err error) string {
	if s := apierrors.APIStatus(nil); asError(err, &s) {
		return s.Status().Message
	}
	return ""
}

// forwarded takes back an answer that may be the port-forward's and not the
// backend's.
func (p *prober) forwarded(ctx context.Context, q *question, a facts.Attempt, t *tunnel) facts.Attempt {
	silent := a.Answer == facts.HungBeforeTLS || a.Answer == facts.Hung
	if a.Fault != facts.Cut && !silent {
		return a
	}
	switch said := t.complaint(); {
	case strings.Contains(said, "refused"):
		return q.Attempt(facts.CouldNotAsk, "", "nothing listens at the Pod's localhost, where a port-forward ends, though it may at the Pod's address: "+said)
	case said != "":
		return q.Attempt(facts.CouldNotAsk, "", "the kubelet can't forward the port: "+said)
	case a.Fault == facts.Cut && a.CertificateNotAfter == "":
		return q.Attempt(facts.CouldNotAsk, "", "the port-forward ended before the TLS handshake did")
	case silent && !p.api.answers(ctx):
		return q.Attempt(facts.CouldNotAsk, "", "the API server itself does not answer")
	}
	return a
}

// refusedUpgrade is the error that an answer other than 101 stands for.
func refusedUpgrade(code int, content []byte) error {
	if s := statusOf(content); s != nil {
		return &apierrors.StatusError{ErrStatus: *s}
	}
	if code == http.StatusSwitchingProtocols {
		return errors.New("the connection can't be taken over")
	}
	return errors.New(httpError(code, content))
}
