package dial

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/probe"
)

// planProxied is the plan to ask the webhook about the writes through the
// service proxy. The endpoints are not known if s is nil.
func planProxied(s *facts.Snapshot, i ...admission.Interception) []probe.Request {
	if s == nil {
		s = facts.New(facts.Meta{})
	}
	w := clusterRole("a")
	return probe.Plan(s, []admission.Intercepted{{Write: w, By: i}}, probe.Options{ServerDryRun: probe.Never})
}

func (s *apiServer) askOnce(t *testing.T, known *facts.Snapshot, i admission.Interception) facts.Attempt {
	t.Helper()
	attempts := Probe(t.Context(), planProxied(known, i), Clients{Config: s.config()})
	if len(attempts) != 1 {
		t.Fatalf("%d attempts", len(attempts))
	}
	return attempts[0]
}

func TestServiceProxy(t *testing.T) {
	unavailable := func(message string) func(*apiServer) {
		return func(s *apiServer) {
			s.resolve = func(string) (string, error) { return "", apierrors.NewServiceUnavailable(message) }
		}
	}
	failing := func(webhook, why string) func(*apiServer) {
		return func(s *apiServer) {
			s.admit = func(*http.Request) error {
				return apierrors.NewInternalError(fmt.Errorf(`failed calling webhook %q: failed to call webhook: Post "https://opa.opa.svc:443/?timeout=10s": %s`, webhook, why))
			}
		}
	}
	for _, test := range []struct {
		name   string
		b      backend
		server func(*apiServer)
		// ready says that the facts know a ready endpoint.
		ready   bool
		timeout time.Duration
		want    outcome
	}{
		{name: "allows", b: serve(t, reply(nil)), want: outcome{answer: facts.Allowed}},
		{name: "an error of HTTP", b: serve(t, say(500, "text/plain", "down")), want: outcome{answer: facts.BadAnswer, fault: facts.HTTPStatus, status: 500, detail: "HTTP 500 Internal Server Error: down"}},
		{name: "a redirect", b: serve(t, redirect(302)), want: outcome{answer: facts.BadAnswer, fault: facts.Redirected, status: 302, detail: "without the review"}},
		{name: "hangs", b: serve(t, hang), timeout: 2 * time.Second, want: outcome{answer: facts.Hung, detail: "no answer within 2s"}},
		{name: "hangs before TLS", b: serveRaw(t, func(net.Conn) {}), server: func(s *apiServer) { s.handshake = 300 * time.Millisecond }, want: outcome{answer: facts.HungBeforeTLS, status: 503, detail: "TLS handshake timeout"}},
		{name: "refused", b: nobody(t), want: outcome{answer: facts.Refused, status: 503, detail: "connection refused"}},
		{name: "no TLS", b: serveRaw(t, sayRaw("SSH-2.0-OpenSSH_9.9\r\n")), want: outcome{answer: facts.BadAnswer, fault: facts.NotTLS, status: 503, detail: "does not look like a TLS handshake"}},
		{name: "HTTP without TLS", b: serveRaw(t, sayRaw("HTTP/1.1 400 Bad Request\r\n\r\n")), want: outcome{answer: facts.BadAnswer, fault: facts.NotTLS, status: 503, detail: "*"}},
		{name: "wants no TLS", b: serveRaw(t, alertRaw), want: outcome{answer: facts.BadAnswer, fault: facts.TLSRefused, status: 503, detail: "handshake failure"}},
		{name: "ends the connection", b: serveRaw(t, func(c net.Conn) { _ = c.Close() }), want: outcome{answer: facts.BadAnswer, fault: facts.Cut, status: 503, detail: "*"}},
		{name: "cut within the body", b: serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte(`{"apiVersion":`))
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}), want: outcome{answer: facts.BadAnswer, fault: facts.Cut, detail: "*"}},

		{name: "no endpoints", server: unavailable(`no endpoints available for service "opa"`), want: outcome{answer: facts.NoEndpoints, fault: facts.NoEndpoint, status: 503, detail: "no endpoints"}},
		{name: "no endpoints for the service proxy alone", server: unavailable(`no endpoints available for service "https:opa:443"`), ready: true,
			want: outcome{answer: facts.CouldNotAsk, status: 503, detail: "is ready"}},
		{name: "no port", server: unavailable(`no service port 443 found for service "opa"`), want: outcome{answer: facts.NoEndpoints, fault: facts.NoPort, status: 503, detail: "no service port"}},
		{name: "no Service", server: func(s *apiServer) {
			s.resolve = func(string) (string, error) {
				return "", apierrors.NewNotFound(schema.GroupResource{Resource: "services"}, "opa")
			}
		}, want: outcome{answer: facts.NoEndpoints, fault: facts.NoEndpoint, status: 404, detail: "not found"}},
		{name: "an error of the API server's", server: unavailable("etcd is on fire"), want: outcome{answer: facts.CouldNotAsk, status: 503, detail: "the API server says: etcd is on fire"}},

		{name: "forbidden", server: func(s *apiServer) { s.authorize, s.mayProxy = forbidden, false },
			want: outcome{answer: facts.CouldNotAsk, fault: facts.NotPermitted, status: 403, detail: "cannot create resource"}},
		{name: "a backend that plays the API server", b: serve(t, func(w http.ResponseWriter, _ *http.Request) { writeError(w, forbidden()) }),
			want: outcome{answer: facts.BadAnswer, fault: facts.HTTPStatus, status: 403, detail: "HTTP 403 Forbidden"}},
		{name: "something before the API server", server: func(s *apiServer) { s.authorize, s.unmarked = forbidden, true },
			want: outcome{answer: facts.CouldNotAsk, status: 403, detail: "what answered is not the API server"}},

		{name: "the webhook hangs on the way to its own backend", server: failing("opa.example.com", "context deadline exceeded"),
			want: outcome{answer: facts.Hung, status: 500, detail: "the API server's own call"}},
		{name: "the webhook's certificate is bad on the way to its own backend", server: failing("opa.example.com", "tls: failed to verify certificate: x509: certificate is valid for a, not b"),
			want: outcome{answer: facts.BadCertificate, fault: facts.WrongName, status: 500, detail: "the API server's own call"}},
		{name: "another webhook hangs on the way", server: failing("other.example.com", "context deadline exceeded"),
			want: outcome{answer: facts.CouldNotAsk, status: 500, detail: "was itself stopped"}},
		{name: "a webhook denies the way", server: func(s *apiServer) {
			s.admit = func(*http.Request) error {
				return apierrors.NewBadRequest(`admission webhook "opa.example.com" denied the request: no proxies`)
			}
		}, want: outcome{answer: facts.CouldNotAsk, status: 400, detail: "no proxies"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if test.b.address == "" {
				test.b = serve(t, reply(nil))
			}
			s := newAPIServer(t, test.b)
			if test.server != nil {
				test.server(s)
			}
			var known *facts.Snapshot
			if test.ready {
				known = clusterWith(t, test.b)
			}
			test.want.check(t, s.askOnce(t, known, webhookAt(test.b, clusterRole("a"), within(cmp.Or(test.timeout, 10*time.Second)))))
		})
	}
}

// TestSlowRoad has a webhook hold up every request to the service proxy, in the
// way of one backend that is well and one that hangs.
func TestSlowRoad(t *testing.T) {
	const held, timeout = 3 * time.Second, 2 * time.Second
	for _, test := range []struct {
		h    http.HandlerFunc
		want facts.Answer
	}{{reply(nil), facts.Allowed}, {hang, facts.Hung}} {
		t.Run(string(test.want), func(t *testing.T) {
			t.Parallel()
			b := serve(t, test.h)
			s := newAPIServer(t, b)
			s.admit = func(*http.Request) error { time.Sleep(held); return nil }
			a := s.askOnce(t, nil, webhookAt(b, clusterRole("a"), within(timeout)))
			if a.Answer != test.want || a.Milliseconds >= held.Milliseconds() {
				t.Errorf("%+v", a)
			}
		})
	}
}

func TestProxyPath(t *testing.T) {
	b := serve(t, reply(nil))
	s := newAPIServer(t, b)
	for path, want := range map[string]string{"/": "/", "/v1/admit/": "/v1/admit", "/v1//admit": "/v1/admit"} {
		a := s.askOnce(t, nil, webhookAt(b, clusterRole("a"), func(i *admission.Interception) { i.Backend.Path = path }))
		if got := <-s.paths; a.Answer != facts.Allowed || got != want+"?timeout=10s" {
			t.Errorf("%s: %s, asked at %s", path, a.Answer, got)
		}
	}
}

// TestCredentials shows that the API server's credentials end there.
func TestCredentials(t *testing.T) {
	var mu sync.Mutex
	var got []string
	b := serve(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		got = append(got, r.Header.Get("Authorization"))
		mu.Unlock()
		reply(nil)(w, r)
	})
	w := clusterRole("a")
	requests := planFor(t, b, w)
	requests = append(requests, planFor(t, b, w, atURL("https://"+b.address+"/"))...)
	requests[1].Skip, requests[1].Review, requests[1].ServerName = "", requests[0].Review, "127.0.0.1"
	for _, a := range Probe(t.Context(), requests, Clients{Config: newAPIServer(t, b).config(), Beside: true}) {
		if a.Answer != facts.Allowed {
			t.Errorf("%+v", a)
		}
	}
	if strings.Join(got, "") != "" || len(got) != 2 {
		t.Errorf("the backend was shown %q", got)
	}
}

func TestNoAPIServer(t *testing.T) {
	gone := newAPIServer(t, nobody(t))
	config := gone.config()
	gone.Close()
	i := webhookAt(nobody(t), clusterRole("a"), within(300*time.Millisecond))
	outcome{answer: facts.CouldNotAsk, detail: "the API server could not be reached"}.check(t, Probe(t.Context(), planProxied(nil, i), Clients{Config: config})[0])
	outcome{answer: facts.CouldNotAsk, detail: "there is no connection to the API server"}.check(t, Probe(t.Context(), planProxied(nil, i), Clients{})[0])

	silent := serveRaw(t, func(net.Conn) {})
	config.Host = "https://" + silent.address
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	outcome{answer: facts.CouldNotAsk, detail: "interrupted"}.check(t, Probe(ctx, planProxied(nil, i), Clients{Config: config})[0])
}

// TestAPIServerStops has the API server itself stop answering: no backend is
// blamed for it.
func TestAPIServerStops(t *testing.T) {
	t.Parallel()
	b := serve(t, hang)
	s := newAPIServer(t, b)
	config := s.config()
	config.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			if r.URL.Path == "/version" {
				return nil, fmt.Errorf("gone")
			}
			return next.RoundTrip(r)
		})
	})
	a := Probe(t.Context(), planProxied(nil, webhookAt(b, clusterRole("a"), within(2*time.Second))), Clients{Config: config})[0]
	outcome{answer: facts.CouldNotAsk, detail: "the API server itself does not answer"}.check(t, a)
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestSameWebhookName has two webhooks of one name: what the API server says of
// it is put down to neither.
func TestSameWebhookName(t *testing.T) {
	b := serve(t, reply(nil))
	s := newAPIServer(t, b)
	s.admit = func(*http.Request) error {
		return apierrors.NewInternalError(fmt.Errorf(`failed calling webhook "opa.example.com": context deadline exceeded`))
	}
	w := clusterRole("a")
	requests := planProxied(nil, webhookAt(b, w), webhookAt(b, w, func(i *admission.Interception) { i.Name = "other" }))
	for _, a := range Probe(t.Context(), requests, Clients{Config: s.config()}) {
		outcome{answer: facts.CouldNotAsk, status: 500, detail: "was itself stopped"}.check(t, a)
	}
}
