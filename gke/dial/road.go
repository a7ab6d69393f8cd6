package dial

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
)

// A road is the way to one Service through the API server's service proxy. A
// request to it is an admission CONNECT, so that it passes webhooks and policies
// itself, before the API server turns to the Service
// (k8s.io/apiserver pkg/endpoints/handlers/rest.go, ConnectResource).
//
// To tell a webhook that holds up the request from the backend that it is meant
// for, a second request goes beside it to a port that no Service can have: that
// one passes admission too, and reaches nobody.
type road struct {
	ready chan struct{}
	// took is how long it takes to get to where the API server turns to the Service.
	took time.Duration
	// blocked is why the request does not get there; nil if it does.
	blocked error
}

// maxRoad is how long admission may hold up a request to the service proxy: as
// long as any webhook may take.
const maxRoad = 31 * time.Second

// noSuchPort is no valid name of a port.
const noSuchPort = "no--port"

// errHeldUp is that there was no end to admission.
var errHeldUp = fmt.Errorf("admission held up the request to the service proxy for more than %v", maxRoad)

// roadTo returns the road to the Service of q. It is tried once.
func (p *prober) roadTo(ctx context.Context, q *question) *road {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := q.Interception.Backend
	k := b.Namespace + "/" + b.Name
	if p.roads[k] == nil {
		r := &road{ready: make(chan struct{})}
		p.roads[k] = r
		p.trying.Go(func() {
			defer close(r.ready)
			r.try(ctx, p.api, fmt.Sprintf("/api/v1/namespaces/%s/services/https:%s:%s/proxy/", b.Namespace, b.Name, noSuchPort))
		})
	}
	return p.roads[k]
}

func (r *road) try(ctx context.Context, a *api, path string) {
	ctx, cancel := context.WithTimeoutCause(klog.NewContext(ctx, logr.Discard()), maxRoad, errHeldUp)
	defer cancel()
	client, err := rest.UnversionedRESTClientForConfigAndClient(a.config, &http.Client{Transport: a.transport})
	if err != nil {
		r.blocked = err
		return
	}
	begin := time.Now()
	res := client.Post().AbsPath(path).MaxRetries(0).Do(ctx)
	r.took = time.Since(begin)
	var code int
	res.StatusCode(&code)
	content, err := res.Raw()
	switch s := statusOf(content); {
	case code == 0 && timedOut(err):
		r.blocked = context.Cause(ctx)
	case code == 0:
		r.blocked = err
	case s != nil && byAdmission(s.Message):
		r.blocked = errors.New(s.Message)
	}
}

// limit returns a context that ends when the backend of q has had its time. What
// the road takes does not count, and if the road is blocked, that is the cause
// of the end.
func (r *road) limit(ctx context.Context, q *question) (context.Context, context.CancelFunc) {
	begin := time.Now()
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-r.ready:
		case <-ctx.Done():
			return
		}
		if r.blocked != nil {
			// The request itself is about to be told the same.
			wait(ctx, 100*time.Millisecond)
			cancel(r.blocked)
			return
		}
		wait(ctx, q.Timeout+r.took-time.Since(begin))
		cancel(context.DeadlineExceeded)
	}()
	return ctx, func() { cancel(context.Canceled) }
}

// share is how much of the time of a question that was answered was the road's.
// The two requests began at about the same time, so that one that was held up
// ends when the other does.
func (r *road) share() time.Duration {
	soon := time.NewTimer(250 * time.Millisecond)
	defer soon.Stop()
	select {
	case <-r.ready:
		if r.blocked == nil {
			return r.took
		}
	case <-soon.C:
	}
	return 0
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// blockedBy returns the webhook that the message says could not be called, and why.
func blockedBy(message string) (webhook, why string, ok bool) {
	_, rest, ok := strings.Cut(message, failedCalling+` "`)
	if !ok {
		return "", "", false
	}
	return strings.Cut(rest, `": `)
}
