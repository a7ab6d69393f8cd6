package dial

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// lanesOf sorts the questions by what can answer for one another: those to one
// webhook at one address, handshakes with one Pod that differ in nothing but the
// webhook, and dry-runs of writes alike. The lanes, and the
// questions in each, stay in order.
func lanesOf(questions []*question) [][]*question {
	var lanes [][]*question
	index := map[lane]int{}
	for _, q := range questions {
		k := q.lane()
		n, ok := index[k]
		if !ok || k == (lane{}) {
			n = len(lanes)
			index[k] = n
			lanes = append(lanes, nil)
		}
		lanes[n] = append(lanes[n], q)
	}
	return lanes
}

// A lane is what questions have in common that can answer for one another; the zero
// value is that of a question which nothing answers for.
type lane struct {
	vantage facts.Vantage
	// group is of dry-runs alone, culprit and target of questions to a webhook, and the
	// rest of handshakes.
	group           string
	culprit         admission.Culprit
	target, address string
	name, bundle    string
	timeout         time.Duration
}

func (q *question) lane() lane {
	i := q.Interception
	switch {
	case q.settled:
		return lane{}
	case q.DryRun():
		return lane{vantage: q.Vantage, group: q.Group()}
	case q.handshakes():
		return lane{vantage: q.Vantage, address: q.address, name: q.ServerName, bundle: string(i.Backend.CABundle), timeout: q.Timeout}
	}
	return lane{vantage: q.Vantage, culprit: i.Culprit(), target: q.Target(), address: q.address}
}

// handshakes reports whether a TLS handshake through a port-forward is all there is
// to do.
func (q *question) handshakes() bool { return q.Vantage == facts.PortForward && q.Review == nil }

// backend is who bears the load of the question.
func (q *question) backend() string {
	switch {
	case q.DryRun():
		return ""
	case q.address != "":
		return q.address
	case q.Vantage == facts.DirectURL:
		if u, err := url.Parse(q.Interception.Backend.URL); err == nil {
			return u.Host
		}
	}
	return q.Target()
}

// run asks the questions of a lane: the first alone, and the rest side by side
// unless the first has answered for them.
func (p *prober) run(ctx context.Context, lane []*question) {
	first := lane[0]
	if first.settled {
		p.record(first, first.attempt)
		return
	}
	p.ask(ctx, first)
	rest := spread(lane[1:])
	if first.handshakes() || everyWrite(first.attempt) {
		for _, q := range rest {
			p.record(q, asFirst(q, first))
		}
		return
	}
	p.askAll(ctx, rest)
}

// askAll asks side by side. Once a question hangs, no more are begun about the
// same group of writes.
func (p *prober) askAll(ctx context.Context, qs []*question) {
	var mu sync.Mutex
	hung := map[string]*question{}
	var wg sync.WaitGroup
	defer wg.Wait()
	for _, q := range qs {
		slot := p.backendSlots(q)
		select {
		case slot <- struct{}{}:
		case <-ctx.Done():
			p.record(q, interrupted(q))
			continue
		}
		mu.Lock()
		like := hung[q.Group()]
		mu.Unlock()
		if like != nil {
			<-slot
			p.record(q, asFirst(q, like))
			continue
		}
		wg.Go(func() {
			defer func() { <-slot }()
			p.ask(ctx, q)
			if hangs(q.attempt) {
				mu.Lock()
				hung[q.Group()] = q
				mu.Unlock()
			}
		})
	}
}

// spread orders the questions so that every group of writes has its turn early.
func spread(qs []*question) []*question {
	type ranked struct {
		*question
		rank int
	}
	seen := map[string]int{}
	rs := make([]ranked, len(qs))
	for n, q := range qs {
		rs[n] = ranked{q, seen[q.Group()]}
		seen[q.Group()]++
	}
	slices.SortStableFunc(rs, func(a, b ranked) int { return cmp.Compare(a.rank, b.rank) })
	out := make([]*question, len(qs))
	for n, r := range rs {
		out[n] = r.question
	}
	return out
}

func (p *prober) backendSlots(q *question) chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := q.backend()
	if p.backends[k] == nil {
		p.backends[k] = make(chan struct{}, cmp.Or(p.PerBackend, 16))
	}
	return p.backends[k]
}

// slowDryRun is how long a dry-run may take without its like being left out.
const slowDryRun = time.Second

func hangs(a facts.Attempt) bool {
	return a.Answer.Hangs() || a.Vantage == facts.ServerDryRun && a.Milliseconds >= slowDryRun.Milliseconds()
}

// everyWrite reports whether a question about another write would be answered
// alike: what went wrong did so before anybody looked at the write. The service
// proxy picks another endpoint each time, so there a refusal says nothing yet.
func everyWrite(a facts.Attempt) bool {
	if hangs(a) {
		return true
	}
	switch a.Answer {
	case facts.NoEndpoints, facts.NotAsked, facts.TLSOnly:
		return true
	case facts.CouldNotAsk:
		return a.Vantage != facts.ServerDryRun || a.Fault == facts.NotPermitted
	case facts.Refused, facts.BadCertificate:
		return a.Vantage != facts.ServiceProxy
	case facts.BadAnswer:
		return a.Vantage != facts.ServiceProxy && (a.Fault == facts.NotTLS || a.Fault == facts.TLSRefused)
	case facts.Denied:
		return a.Vantage == facts.ServerDryRun && strings.Contains(a.Detail, failedCalling)
	case facts.Allowed, facts.Hung, facts.HungBeforeTLS, facts.ConnectTimeout:
	}
	return false
}

// asFirst is the record of q, which is not asked because first answered for it.
// Of handshakes that are one and the same the answer is that of each.
func asFirst(q, first *question) facts.Attempt {
	if f := first.attempt; q.handshakes() {
		a := q.Attempt(f.Answer, f.Fault, f.Detail)
		a.Milliseconds, a.CertificateNotBefore, a.CertificateNotAfter = f.Milliseconds, f.CertificateNotBefore, f.CertificateNotAfter
		return a
	}
	a := q.Attempt(facts.NotAsked, "", fmt.Sprintf("not asked again: the question about %s ended in %s", first.About(), first.attempt.Answer))
	if first.attempt.Answer == facts.CouldNotAsk {
		a.Answer, a.Fault, a.Detail = facts.CouldNotAsk, first.attempt.Fault, first.attempt.Detail
	}
	return a
}

func interrupted(q *question) facts.Attempt {
	return q.Attempt(facts.CouldNotAsk, "", "interrupted before it was asked")
}
