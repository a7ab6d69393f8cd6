// Package dial puts the questions of a probe plan to webhook backends and to
// the running API server, and records what came back.
//
// What it sends is an AdmissionReview with dryRun true, a ConversionReview with
// one stored object to the converter of its kind, a TLS handshake, a GET, a
// server-side dry-run, and access reviews; what it has the API server open for
// that are requests to services/proxy and pods/portforward. It asks as the API server does, by
// the API server's own client where it dials a backend itself, and sends a
// backend no credentials. What a backend answers is neither trusted nor followed.
package dial

import (
	"cmp"
	"context"
	"sync"
	"sync/atomic"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	"k8s.io/client-go/rest"

	"github.com/gke-preflight/gke-preflight/gke/requests"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/probe"
)

// Clients are the ways to the API server and to backends. Zero values are as
// stated.
type Clients struct {
	// Config reaches the API server. If it is nil, what needs it could not be asked.
	Config *rest.Config
	// Identity is the user that Config stands for, for the record; may be empty.
	Identity string
	// AsOneself makes dry-runs as Config's user alone. Otherwise they are made as
	// system:apiserver where the user may impersonate that.
	AsOneself bool
	// Requests is told of each request to a backend that is asked directly; nil for
	// nobody. Those to the API server are Config's to tell.
	Requests requests.Teller
	// Inside says that this process is on the cluster's network, so that a
	// private address in a webhook's URL means here what it means to the API
	// server. Otherwise such an address is not dialled.
	Inside bool
	// Beside says that this process is on the API server's own host, so that the
	// loopback addresses in URLs are the API server's. Otherwise they are not dialled.
	Beside bool
	// Parallel bounds the questions under way; zero for 256. PerBackend bounds
	// those to one backend, after the first about each webhook; zero for 16.
	Parallel, PerBackend int
	// Progress, unless nil, is called after each attempt, never twice at a time.
	Progress func(done, total int)
}

// Probe asks all questions and returns the attempts in the order of the
// requests, at least one for each. It returns when all are answered or have run
// into their timeouts, or soon after ctx has ended; what was not asked by then
// is recorded as such. The first question about each webhook goes alone to each
// address: if its answer would be the same for every write, as when the backend
// hangs, the rest are not asked, so that backends that hang cost about the
// longest of their timeouts.
func Probe(ctx context.Context, requests []probe.Request, c Clients) []facts.Attempt {
	limitPatches()
	p := &prober{
		Clients:  c,
		slots:    make(chan struct{}, cmp.Or(c.Parallel, 256)),
		backends: map[string]chan struct{}{}, roads: map[string]*road{}, samples: map[string]func() sample{},
		ambiguous: ambiguous(requests),
	}
	ctx, cancel := context.WithCancel(ctx)
	defer p.trying.Wait()
	defer cancel()
	p.api, p.apiErr = newAPI(c.Config)
	if c.AsOneself && p.api != nil {
		p.api.onlySelf.Store(true)
	}
	var questions []*question
	for n := range requests {
		questions = append(questions, p.questions(&requests[n])...)
	}
	p.total = len(questions)
	var wg sync.WaitGroup
	for _, lane := range lanesOf(questions) {
		wg.Go(func() { p.run(ctx, lane) })
	}
	wg.Wait()
	attempts := make([]facts.Attempt, len(questions))
	for n, q := range questions {
		attempts[n] = q.attempt
	}
	return attempts
}

// limitPatches bounds what the copy operations of a JSON patch may make of it,
// at the API server's own limit (k8s.io/apiserver pkg/server/config.go,
// JSONPatchMaxCopyBytes): twenty of them could otherwise fill any memory.
var limitPatches = sync.OnceFunc(func() {
	atomic.CompareAndSwapInt64(&jsonpatch.AccumulatedCopySizeLimit, 0, 3<<20)
})

// A prober is one call of Probe.
type prober struct {
	Clients
	// api is nil, and apiErr says why, if there is no way to the API server.
	api    *api
	apiErr error

	slots chan struct{}
	// bodies counts the bytes of answers that are held at the moment.
	bodies atomic.Int64

	// ambiguous are the names that several webhooks have.
	ambiguous map[string]bool

	// samples are the objects to convert, by collection.
	samples map[string]func() sample

	// trying are the roads that are still being tried.
	trying sync.WaitGroup

	mu          sync.Mutex
	backends    map[string]chan struct{}
	roads       map[string]*road
	done, total int
}

func ambiguous(requests []probe.Request) map[string]bool {
	found, first := map[string]bool{}, map[string]string{}
	for _, r := range requests {
		i := r.Interception
		config := string(i.Kind) + "/" + i.Name
		if other, ok := first[i.Webhook]; ok && other != config {
			found[i.Webhook] = true
		}
		first[i.Webhook] = config
	}
	return found
}

// A question is one request as put to one address.
type question struct {
	*probe.Request
	// address is host:port for the pod network and namespace/pod:port for a
	// port-forward; empty otherwise.
	address string
	attempt facts.Attempt
	settled bool
}

func (p *prober) questions(r *probe.Request) []*question {
	switch {
	case r.Known != nil:
		return []*question{{Request: r, attempt: *r.Known, settled: true}}
	case r.Skip != "":
		return []*question{{Request: r, attempt: r.Attempt(facts.NotAsked, "", r.Skip), settled: true}}
	case r.Vantage != facts.PodNetwork && r.Vantage != facts.PortForward:
		return []*question{{Request: r}}
	}
	var qs []*question
	for _, a := range r.Addresses {
		qs = append(qs, &question{Request: r, address: a})
	}
	if qs == nil {
		return []*question{{Request: r, attempt: r.Attempt(facts.NotAsked, "", "no address is known"), settled: true}}
	}
	return qs
}

// record makes the attempt that of q, and tells the progress.
func (p *prober) record(q *question, a facts.Attempt) {
	q.attempt = a
	if q.address != "" {
		q.attempt.Target = q.address
	}
	q.attempt.Detail = clip(q.attempt.Detail)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	if p.Progress != nil {
		p.Progress(p.done, p.total)
	}
}
