package dial

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/proxy"
	translator "k8s.io/apiserver/pkg/util/proxy"
	"k8s.io/cri-streaming/pkg/streaming/portforward"
	"k8s.io/streaming/pkg/httpstream/wsstream"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/probe"
)

// A kubelet forwards ports by the library that container runtimes and kubelets
// do it by; whatever the port, to the backends by the names of their Pods.
type kubelet map[string]backend

// PortForward implements [portforward.PortForwarder].
func (k kubelet) PortForward(_ context.Context, pod, _ string, _ int32, stream io.ReadWriteCloser) error {
	defer stream.Close()
	conn, err := net.Dial("tcp", k[pod].address)
	if err != nil {
		return fmt.Errorf("failed to connect to localhost inside namespace: %w", err)
	}
	defer conn.Close()
	var both sync.WaitGroup
	both.Go(func() {
		_, _ = io.Copy(conn, stream)
		_ = conn.(*net.TCPConn).CloseWrite()
	})
	_, _ = io.Copy(stream, conn)
	_ = stream.Close()
	_ = conn.Close()
	return nil
}

// ServeHTTP serves /api/v1/namespaces/NAMESPACE/pods/POD/portforward.
func (k kubelet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	pod := strings.Split(r.URL.Path, "/")[6]
	portforward.ServePortForward(w, r, k, pod, "", nil, time.Minute, time.Minute, portforward.SupportedProtocols)
}

// forwarding makes s open port-forwards as a kube-apiserver does
// (k8s.io/kubernetes pkg/registry/core/pod/rest/subresources.go), if admit has
// nothing against it, and counts the requests for them.
func (s *apiServer) forwarding(t testing.TB, k kubelet, admit func(method string) error) *atomic.Int64 {
	node := httptest.NewServer(k)
	t.Cleanup(node.Close)
	var tries atomic.Int64
	s.forward = func(w http.ResponseWriter, r *http.Request) {
		tries.Add(1)
		if admit != nil {
			if err := admit(r.Method); err != nil {
				writeError(w, err)
				return
			}
		}
		location := &url.URL{Scheme: "http", Host: node.Listener.Addr().String(), Path: r.URL.Path}
		spdy := proxy.NewUpgradeAwareHandler(location, nil, false, true, responder{})
		translator.NewTranslatingHandler(spdy, translator.NewTunnelingHandler(spdy), wsstream.IsWebSocketRequestWithTunnelingProtocol).ServeHTTP(w, r)
	}
	return &tries
}

type responder struct{}

func (responder) Error(w http.ResponseWriter, _ *http.Request, err error) { writeError(w, err) }

// podsOf are the facts about Pods opa-0, opa-1 and so on, one for each backend.
func podsOf(t testing.TB, backends ...backend) (*facts.Snapshot, kubelet) {
	t.Helper()
	k := kubelet{}
	var endpoints []facts.Endpoint
	for n, b := range backends {
		at := netip.MustParseAddrPort(b.address)
		pod := fmt.Sprintf("opa-%d", n)
		k[pod] = b
		endpoints = append(endpoints, facts.Endpoint{IP: fmt.Sprintf("10.0.0.%d", n+1), PortName: "https", Port: int32(at.Port()), Ready: true, Pod: pod})
	}
	return facts.New(facts.Meta{},
		facts.Present(facts.Services, []facts.Service{{Namespace: "opa", Name: "opa", Ports: []facts.ServicePort{{Name: "https", Port: 443}}}}),
		facts.Present(facts.Endpoints, []facts.ServiceEndpoints{{Namespace: "opa", Service: "opa", Endpoints: endpoints}})), k
}

// forwards asks the webhooks from outside and returns what port-forwards showed.
func (s *apiServer) forwards(ctx context.Context, known *facts.Snapshot, i ...admission.Interception) []facts.Attempt {
	requests := probe.Plan(known, []admission.Intercepted{{Write: clusterRole("a"), By: i}}, probe.Options{ServerDryRun: probe.Never, PortForward: true})
	var seen []facts.Attempt
	for _, a := range Probe(ctx, requests, Clients{Config: s.config()}) {
		if a.Vantage == facts.PortForward {
			seen = append(seen, a)
		}
	}
	return seen
}

func TestPortForward(t *testing.T) {
	soon := time.Now().Add(time.Hour)
	ca := newAuthority(t, soon)
	certified := func(name string, notAfter time.Time) backend {
		return serveTLS(t, ca, ca.issue(t, name, notAfter), reply(nil))
	}
	good := certified(serviceName, soon)
	other := serve(t, reply(nil))
	other.ca = ca
	notAllowed := func(method string) error {
		verb := map[string]string{http.MethodGet: "get", http.MethodPost: "create"}[method]
		return apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "opa-0",
			fmt.Errorf(`User "me" cannot %s resource "pods/portforward" in API group "" in the namespace "opa"`, verb))
	}
	onlyPost := func(err error) func(string) error {
		return func(method string) error {
			if method == http.MethodPost {
				return nil
			}
			return err
		}
	}
	always := func(err error) func(string) error { return func(string) error { return err } }
	for _, test := range []struct {
		name   string
		b      backend
		admit  func(string) error
		mayNot bool
		bundle []byte
		want   outcome
		tries  int64
	}{
		{name: "a good certificate", b: good, want: outcome{answer: facts.TLSOnly}, tries: 1},
		{name: "an expired certificate", b: certified(serviceName, time.Now().Add(-time.Hour)), want: outcome{answer: facts.BadCertificate, fault: facts.Expired, detail: "expired"}, tries: 1},
		{name: "a certificate for another name", b: certified("elsewhere.opa.svc", soon), want: outcome{answer: facts.BadCertificate, fault: facts.WrongName, detail: "elsewhere.opa.svc"}, tries: 1},
		{name: "another authority", b: other, want: outcome{answer: facts.BadCertificate, fault: facts.OtherAuthority, detail: "unknown authority"}, tries: 1},
		{name: "a caBundle that can't be read", b: good, bundle: []byte("x"), want: outcome{answer: facts.BadCertificate, fault: facts.BundleNotPEM, detail: "no certificate"}},
		{name: "hangs before TLS", b: serveRaw(t, func(net.Conn) {}), want: outcome{answer: facts.HungBeforeTLS, detail: "no TLS handshake"}, tries: 1},
		{name: "no TLS", b: serveRaw(t, sayRaw("SSH-2.0-OpenSSH_9.9\r\n")), want: outcome{answer: facts.BadAnswer, fault: facts.NotTLS, detail: "does not look like a TLS handshake"}, tries: 1},
		{name: "wants no TLS", b: serveRaw(t, alertRaw), want: outcome{answer: facts.BadAnswer, fault: facts.TLSRefused, detail: "handshake failure"}, tries: 1},
		{name: "refused", b: nobody(t), want: outcome{answer: facts.CouldNotAsk, detail: "nothing listens at the Pod's localhost"}, tries: 1},
		{name: "ends the connection", b: serveRaw(t, func(c net.Conn) { _ = c.Close() }), want: outcome{answer: facts.CouldNotAsk, detail: "ended before the TLS handshake"}, tries: 1},

		{name: "no permission, as an access review says", b: good, mayNot: true, want: outcome{answer: facts.CouldNotAsk, fault: facts.NotPermitted, detail: "grant get and create on pods/portforward"}},
		{name: "no permission, as the API server says", b: good, admit: notAllowed, want: outcome{answer: facts.CouldNotAsk, fault: facts.NotPermitted, detail: "cannot create resource"}, tries: 2},
		{name: "no permission for a WebSocket", b: good, admit: onlyPost(notAllowed(http.MethodGet)), want: outcome{answer: facts.TLSOnly}, tries: 2},
		{name: "no WebSockets", b: good, admit: onlyPost(apierrors.NewBadRequest(`query parameter "port" is required`)), want: outcome{answer: facts.TLSOnly}, tries: 2},
		{name: "admission can't call a webhook", b: good, admit: always(apierrors.NewInternalError(errors.New(`failed calling webhook "opa.example.com": context deadline exceeded`))),
			want: outcome{answer: facts.CouldNotAsk, detail: "itself stopped"}, tries: 1},
		{name: "admission denies", b: good, admit: always(apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "opa-0", errors.New("GKE Warden denied the request"))),
			want: outcome{answer: facts.CouldNotAsk, detail: "GKE Warden"}, tries: 2},
		{name: "no kubelet", b: good, admit: always(apierrors.NewInternalError(errors.New("error dialing backend: dial tcp 10.0.0.1:10250: connect: connection refused"))),
			want: outcome{answer: facts.CouldNotAsk, detail: "opens no port-forward"}, tries: 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			known, k := podsOf(t, test.b)
			s := newAPIServer(t, test.b)
			s.mayProxy = !test.mayNot
			tries := s.forwarding(t, k, test.admit)
			i := webhookAt(good, clusterRole("a"), within(time.Second))
			if test.b.ca.pem != nil {
				i.Backend.CABundle = test.b.ca.pem
			}
			if test.bundle != nil {
				i.Backend.CABundle = test.bundle
			}
			seen := s.forwards(t.Context(), known, i)
			if len(seen) != 1 {
				t.Fatalf("%d attempts", len(seen))
			}
			a := seen[0]
			if want := fmt.Sprintf("opa/opa-0:%d", netip.MustParseAddrPort(test.b.address).Port()); a.Target != want || tries.Load() != test.tries {
				t.Errorf("%s was asked, not %s, in %d tries", a.Target, want, tries.Load())
			}
			if known := a.Answer == facts.TLSOnly || a.Answer == facts.BadCertificate && test.bundle == nil; known != (a.CertificateNotAfter != "") {
				t.Errorf("the certificate expires at %q", a.CertificateNotAfter)
			}
			test.want.check(t, a)
		})
	}
}

// TestForwardsTogether has two Pods behind one Service, whose certificates
// differ, and three webhooks that call it and may not be sent a review: each Pod is
// looked at once.
func TestForwardsTogether(t *testing.T) {
	ca := newAuthority(t, time.Now().Add(time.Hour))
	good := serveTLS(t, ca, ca.issue(t, serviceName, time.Now().Add(time.Hour)), reply(nil))
	old := serveTLS(t, ca, ca.issue(t, serviceName, time.Now().Add(-time.Hour)), reply(nil))
	known, k := podsOf(t, good, old)
	s := newAPIServer(t, good)
	tries := s.forwarding(t, k, nil)
	var hooks []admission.Interception
	for n := range 3 {
		hooks = append(hooks, webhookAt(good, clusterRole("a"), func(i *admission.Interception) { i.Webhook, i.DryRunnable = fmt.Sprint(n), false }))
	}
	got := map[string]int{}
	for _, a := range s.forwards(t.Context(), known, hooks...) {
		pod, _, _ := strings.Cut(a.Target, ":")
		got[fmt.Sprint(a.Webhook, " ", pod, " ", a.Answer, " ", a.Fault, a.Milliseconds > 0 && a.CertificateNotBefore != "" && a.CertificateNotAfter != "")]++
	}
	want := map[string]int{}
	for n := range 3 {
		want[fmt.Sprint(n, " opa/opa-0 tls-ok true")] = 1
		want[fmt.Sprint(n, " opa/opa-1 bad-certificate expiredtrue")] = 1
	}
	if fmt.Sprint(got) != fmt.Sprint(want) || tries.Load() != 2 {
		t.Errorf("%d tries: %v, not %v", tries.Load(), got, want)
	}
}

// TestForwardEnds holds up a port-forward wherever it can be: in admission, for
// either protocol, and at a kubelet that takes the connection and no streams.
func TestForwardEnds(t *testing.T) {
	silent := func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n")
		_, _ = io.Copy(io.Discard, conn)
	}
	held := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	for name, forward := range map[string]http.HandlerFunc{
		"in admission, by GET": held,
		"in admission, by POST": func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				http.Error(w, "no WebSockets", http.StatusBadRequest)
				return
			}
			held(w, r)
		},
		"at the kubelet": func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				http.Error(w, "no WebSockets", http.StatusBadRequest)
				return
			}
			silent(w, r)
		},
	} {
		for how, begin := range map[string]func(context.Context) (context.Context, context.CancelFunc){
			"out of time": func(ctx context.Context) (context.Context, context.CancelFunc) {
				return context.WithTimeout(ctx, 300*time.Millisecond)
			},
			"interrupted": func(ctx context.Context) (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancel(ctx)
				time.AfterFunc(300*time.Millisecond, cancel)
				return ctx, cancel
			},
		} {
			t.Run(name+", "+how, func(t *testing.T) {
				t.Parallel()
				b := serve(t, reply(nil))
				known, _ := podsOf(t, b)
				s := newAPIServer(t, b)
				s.forward = forward
				t.Cleanup(s.CloseClientConnections)
				a, err := newAPI(s.config())
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := begin(t.Context())
				defer cancel()
				to := podPort{"opa", "opa-0", 8443}
				if _, err = a.forward(ctx, to); err == nil {
					t.Fatal("a port-forward was opened")
				}
				q := &question{Request: &probe.Plan(known, []admission.Intercepted{{Write: clusterRole("a"), By: []admission.Interception{webhookAt(b, clusterRole("a"))}}}, probe.Options{PortForward: true})[2]}
				outcome{answer: facts.CouldNotAsk, detail: "was not open within 10.75s"}.check(t, q.notForwarded(ctx, to, err))
			})
		}
	}
}

func TestParsePort(t *testing.T) {
	for s, want := range map[string]podPort{
		"opa/opa-0:8443": {"opa", "opa-0", 8443},
		"opa/opa-0:0":    {}, "opa-0:8443": {}, "opa/:8443": {}, "/opa-0:8443": {}, "opa/opa-0:99999": {}, "opa/opa-0": {}, "": {},
	} {
		if got, err := parsePort(s); got != want || (err == nil) != (want != podPort{}) {
			t.Errorf("%q: %v, %v", s, got, err)
		}
	}
}
