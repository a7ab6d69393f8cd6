package dial

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// ask puts the question and records what comes back.
func (p *prober) ask(ctx context.Context, q *question) {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		p.record(q, interrupted(q))
		return
	}
	if ctx.Err() != nil {
		p.record(q, interrupted(q))
		return
	}
	begin := time.Now()
	a := p.answer(ctx, q)
	if ctx.Err() != nil && a.Answer != facts.Allowed && a.Answer != facts.Denied {
		a = q.Attempt(facts.CouldNotAsk, "", "interrupted while waiting for the answer")
	}
	switch {
	case a.Answer == facts.NotAsked || a.Answer == facts.CouldNotAsk:
		a.Milliseconds = 0
	case a.Milliseconds == 0:
		a.Milliseconds = max(1, time.Since(begin).Milliseconds())
	}
	p.record(q, a)
}

// answer never panics, whatever a backend sends.
func (p *prober) answer(ctx context.Context, q *question) (a facts.Attempt) {
	defer func() {
		if r := recover(); r != nil {
			a = q.Attempt(facts.CouldNotAsk, "", fmt.Sprintf("reading the answer failed inside the tool: %v", r))
		}
	}()
	ctx = klog.NewContext(ctx, logr.Discard())
	if q.Call != nil && q.Vantage != facts.PortForward {
		return p.call(ctx, q)
	}
	return p.put(ctx, q)
}

// put sends the question as it is.
func (p *prober) put(ctx context.Context, q *question) facts.Attempt {
	if q.Vantage == facts.ServiceProxy {
		return p.throughProxy(ctx, q)
	}
	if q.Vantage == facts.PortForward {
		return p.throughPort(ctx, q)
	}
	ctx, cancel := context.WithTimeout(ctx, q.Timeout)
	defer cancel()
	if q.DryRun() {
		return p.dryRun(ctx, q)
	}
	return p.direct(ctx, q)
}

// post sends the review as the API server does: the timeout is told in whole
// seconds (k8s.io/apiserver pkg/admission/plugin/webhook/validating/dispatcher.go, callHook).
//
// The deadline is that of ctx.
func post(ctx context.Context, r *rest.Request, q *question) rest.Result {
	told := q.Timeout.Truncate(time.Second)
	if told < q.Timeout {
		told += time.Second
	}
	if q.Call == nil {
		r = r.Param("timeout", told.String())
	}
	return r.SetHeader("Content-Type", "application/json").Body(q.Review).Do(ctx)
}

// timedOut reports whether err is that there was no answer in time.
func timedOut(err error) bool {
	var t interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &t) && t.Timeout()
}

func noAnswer(q *question) string { return fmt.Sprintf("no answer within %v", q.Timeout) }

// maxDetail is the number of runes that are kept of what a backend says.
const maxDetail = 300

// clip makes s valid UTF-8 of at most maxDetail runes.
func clip(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if utf8.RuneCountInString(s) <= maxDetail {
		return s
	}
	return string([]rune(s)[:maxDetail-1]) + "…"
}
