package dial

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/probe"
)

// writes are n writes of a hook.
func writes(n int, hook string) []bootstrap.Write {
	var ws []bootstrap.Write
	for i := range n {
		w := clusterRole(fmt.Sprintf("%s-%d", hook, i))
		w.Hook = hook
		ws = append(ws, w)
	}
	return ws
}

// planAll is the plan to ask one webhook about all writes at the backends.
func planAll(t testing.TB, ws []bootstrap.Write, backends []backend, change ...change) []probe.Request {
	var in []admission.Intercepted
	for _, w := range ws {
		in = append(in, admission.Intercepted{Write: w, By: []admission.Interception{webhookAt(backends[0], w, change...)}})
	}
	return probe.Plan(clusterWith(t, backends...), in, onPods)
}

// tally counts the attempts by target and answer.
func tally(attempts []facts.Attempt) map[string]int {
	counts := map[string]int{}
	for _, a := range attempts {
		counts[fmt.Sprint(a.Target, " ", a.Answer)]++
	}
	return counts
}

func TestHungBackendIsAskedOnce(t *testing.T) {
	t.Parallel()
	b := serve(t, hang)
	attempts := Probe(t.Context(), planAll(t, writes(10, "h"), []backend{b}, within(2*time.Second)), Clients{})
	if got := fmt.Sprint(tally(attempts)); got != fmt.Sprintf("map[%[1]s hung:1 %[1]s not-asked:9]", b.address) || b.asked.Load() != 1 {
		t.Errorf("%s; the backend was asked %d times", got, b.asked.Load())
	}
	if want := "not asked again: the question about CREATE clusterroles.rbac.authorization.k8s.io h-0 ended in hung"; attempts[9].Detail != want {
		t.Errorf("detail %q, not %q", attempts[9].Detail, want)
	}
}

// TestDeadReplica has one of three replicas hang: it is found, and only it is
// left out afterwards.
func TestDeadReplica(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t, time.Now().Add(time.Hour))
	var bs []backend
	for _, h := range []http.HandlerFunc{reply(nil), hang, reply(nil)} {
		bs = append(bs, serveTLS(t, ca, ca.issue(t, serviceName, time.Now().Add(time.Hour)), h))
	}
	got := tally(Probe(t.Context(), planAll(t, writes(5, "h"), bs, within(2*time.Second)), Clients{}))
	want := map[string]int{bs[0].address + " allowed": 5, bs[1].address + " hung": 1, bs[1].address + " not-asked": 4, bs[2].address + " allowed": 5}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, not %v", got, want)
	}
}

// TestHangsOnOneKind has a backend that hangs on the writes of one hook alone:
// the others are answered, and not all writes of the one are tried.
func TestHangsOnOneKind(t *testing.T) {
	t.Parallel()
	b := serve(t, func(w http.ResponseWriter, r *http.Request) {
		name := ""
		reply(func(q *admissionv1.AdmissionRequest, _, _ map[string]any) { name = q.Name })(discard{}, r)
		if strings.HasPrefix(name, "bad-") {
			<-r.Context().Done()
			return
		}
		w.WriteHeader(http.StatusTeapot)
	})
	ws := append(writes(20, "good"), writes(20, "bad")...)
	got := map[string]int{}
	for _, a := range Probe(t.Context(), planAll(t, ws, []backend{b}, within(2*time.Second)), Clients{PerBackend: 4}) {
		hook, _, _ := strings.Cut(strings.Fields(a.Write)[2], "-")
		got[hook+" "+string(a.Answer)]++
	}
	if got["good bad-answer"] != 20 || got["bad hung"] == 0 || got["bad hung"] > 5 || got["bad hung"]+got["bad not-asked"] != 20 {
		t.Error(got)
	}
}

// TestHungBackendsCostTheSlowest holds 50 hung webhooks, half of them on one
// backend, against one.
func TestHungBackendsCostTheSlowest(t *testing.T) {
	t.Parallel()
	const timeout = time.Second
	took := func(n int) time.Duration {
		shared := serve(t, hang)
		var requests []probe.Request
		for i := range n {
			b := shared
			if i%2 == 1 {
				b = serveRaw(t, func(net.Conn) {})
			}
			requests = append(requests, planAll(t, writes(5, "h"), []backend{b}, within(timeout), func(w *admission.Interception) { w.Name = fmt.Sprint(i) })...)
		}
		begin := time.Now()
		for _, a := range Probe(t.Context(), requests, Clients{}) {
			if !hangs(a) && a.Answer != facts.NotAsked {
				t.Errorf("%+v", a)
			}
		}
		return time.Since(begin)
	}
	one, fifty := took(1), took(50)
	t.Logf("one hung webhook took %v, fifty took %v: %.2f times one timeout", one, fifty, fifty.Seconds()/timeout.Seconds())
	if fifty > 10*one {
		t.Errorf("fifty hung webhooks took %v, one %v", fifty, one)
	}
}

func TestParallel(t *testing.T) {
	var now, most atomic.Int64
	count := func(h http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			n := now.Add(1)
			defer now.Add(-1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			time.Sleep(20 * time.Millisecond)
			h(w, r)
		}
	}
	b := serve(t, count(reply(nil)))
	requests := planAll(t, writes(20, "h"), []backend{b})
	for _, test := range []struct{ parallel, perBackend, most int64 }{{0, 4, 4}, {3, 0, 3}} {
		most.Store(0)
		got := tally(Probe(t.Context(), requests, Clients{Parallel: int(test.parallel), PerBackend: int(test.perBackend)}))
		if got[b.address+" allowed"] != 20 || most.Load() > test.most || most.Load() < 2 {
			t.Errorf("%+v: %v, %d at a time", test, got, most.Load())
		}
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ws := writes(20, "h")
	var calls atomic.Int64
	b := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1) == 1 {
			reply(nil)(w, r)
			return
		}
		cancel()
		hang(w, r)
	})
	begin := time.Now()
	attempts := Probe(ctx, planAll(t, ws, []backend{b}, within(time.Minute)), Clients{PerBackend: 2})
	if time.Since(begin) > 30*time.Second {
		t.Error("did not end when interrupted")
	}
	got := tally(attempts)
	if got[b.address+" allowed"] != 1 || got[b.address+" could-not-ask"] != 19 {
		t.Error(got)
	}
	if !strings.HasPrefix(attempts[19].Detail, "interrupted") {
		t.Error(attempts[19].Detail)
	}
}

func TestOutOfTime(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	for _, a := range Probe(ctx, planAll(t, writes(20, "h"), []backend{serve(t, hang)}, within(time.Minute)), Clients{}) {
		if a.Answer != facts.CouldNotAsk {
			t.Errorf("%+v", a)
		}
	}
}

func TestProgressAndOrder(t *testing.T) {
	good, bad := serve(t, reply(nil)), nobody(t)
	bad.ca = good.ca
	ws := writes(3, "h")
	requests := planAll(t, ws, []backend{good, bad})
	known := requests[0].Attempt(facts.NoEndpoints, facts.NoService, "known")
	skip, know, lost := requests[0], requests[0], requests[0]
	skip.Skip, know.Known, lost.Addresses = "for a reason", &known, nil
	requests = append([]probe.Request{skip, know, lost}, requests...)
	var mu sync.Mutex
	var steps []string
	attempts := Probe(t.Context(), requests, Clients{Progress: func(done, total int) {
		if !mu.TryLock() {
			t.Error("two at a time")
			return
		}
		defer mu.Unlock()
		steps = append(steps, fmt.Sprintf("%d/%d", done, total))
	}})
	if fmt.Sprint(steps) != "[1/9 2/9 3/9 4/9 5/9 6/9 7/9 8/9 9/9]" {
		t.Error(steps)
	}
	var got []string
	for _, a := range attempts {
		got = append(got, strings.TrimPrefix(a.Write, "CREATE clusterroles.rbac.authorization.k8s.io ")+" "+string(a.Answer))
		if (a.Answer == facts.NotAsked || a.Answer == facts.NoEndpoints) != (a.Milliseconds == 0) {
			t.Errorf("%+v", a)
		}
	}
	want := "[h-0 not-asked h-0 no-endpoints h-0 not-asked h-0 allowed h-0 refused h-1 allowed h-1 not-asked h-2 allowed h-2 not-asked]"
	if good.address > bad.address {
		want = "[h-0 not-asked h-0 no-endpoints h-0 not-asked h-0 refused h-0 allowed h-1 not-asked h-1 allowed h-2 not-asked h-2 allowed]"
	}
	if fmt.Sprint(got) != want {
		t.Errorf("%v, not %v", got, want)
	}
}

func TestManyLargeAnswers(t *testing.T) {
	b := serve(t, say(200, "application/json", strings.Repeat("x", maxBody-1)))
	p := &prober{}
	p.bodies.Store(maxBodies - maxBody/2)
	q := &question{Request: &planFor(t, b, clusterRole("a"))[0], address: b.address}
	outcome{answer: facts.CouldNotAsk, detail: "too many large answers"}.check(t, p.direct(t.Context(), q))
	if held := p.bodies.Load(); held != maxBodies-maxBody/2 {
		t.Errorf("%d bytes are still counted", held-(maxBodies-maxBody/2))
	}
}
