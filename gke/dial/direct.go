package dial

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"sync"
	"syscall"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	admissionv1beta1 "k8s.io/api/admission/v1beta1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/apiserver/pkg/util/webhook"
	"k8s.io/client-go/rest"

	"github.com/gke-preflight/gke-preflight/gke/requests"
	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/clocks"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// direct asks the backend itself, from here.
func (p *prober) direct(ctx context.Context, q *question) facts.Attempt {
	j := &journey{ctx: ctx, guard: neverMetadata}
	defer j.close()
	// After HTTP 101 the transport heeds no deadline any more.
	defer context.AfterFunc(ctx, j.close)()
	if q.Vantage == facts.DirectURL {
		j.guard = p.guard
	}
	client, err := newHookClient(q.Interception, q.address, j.dial)
	if err != nil {
		return q.badBundle(err)
	}
	if q.Review == nil {
		conn, err := j.dial(ctx, "tcp", cmp.Or(q.address, hostPort(client.Get().URL())))
		if err != nil {
			return j.finish(j.failure(q, err))
		}
		return j.finish(q.handshake(ctx, j, client, conn))
	}
	// The path of a URL may be what keeps others out.
	told := requests.Through(client.Client.Transport, p.Requests, q.Vantage == facts.DirectURL)
	r := &reader{RoundTripper: told, budget: &p.bodies}
	defer r.release()
	client.Client = r.client()
	res := post(httptrace.WithClientTrace(ctx, j.trace()), client.Post(), q)
	a := read(ctx, q, res, r, func(err error) facts.Attempt { return j.failure(q, err) })
	if a.Fault == facts.Cut && a.Status == 0 {
		if err := q.lateAlert(ctx, j, client.Client.Transport, cmp.Or(q.address, hostPort(client.Get().URL()))); err != nil {
			a = q.Attempt(facts.BadAnswer, facts.TLSRefused, cause(err))
		}
	}
	return j.finish(a)
}

// lateAlert shakes hands once more and listens: in TLS 1.3 a backend may refuse
// when this side takes the handshake for over and writes, and whether the refusal
// or a broken connection is seen first is a matter of luck. Nil if it does not.
func (q *question) lateAlert(ctx context.Context, j *journey, transport http.RoundTripper, address string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	config, err := utilnet.TLSClientConfig(transport)
	if err != nil {
		return nil
	}
	config = config.Clone()
	config.ServerName = q.ServerName
	conn, err := j.dial(ctx, "tcp", address)
	if err != nil {
		return nil
	}
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	secured := tls.Client(conn, config)
	if err = secured.HandshakeContext(ctx); err == nil {
		_, err = secured.Read(make([]byte, 1))
	}
	if !alerted(err) {
		return nil
	}
	return err
}

// badBundle is what err means, with which no client could be made.
func (q *question) badBundle(err error) facts.Attempt {
	return q.Attempt(facts.BadCertificate, facts.BundleNotPEM, "caBundle holds no certificate that can be read: "+err.Error())
}

// handshake does no more than what a call begins with.
func (q *question) handshake(ctx context.Context, j *journey, client *rest.RESTClient, conn net.Conn) facts.Attempt {
	config, err := utilnet.TLSClientConfig(client.Client.Transport)
	if err != nil {
		return q.Attempt(facts.CouldNotAsk, "", err.Error())
	}
	config = config.Clone()
	config.ServerName = q.ServerName
	ctx, cancel := context.WithTimeout(ctx, clocks.Handshake)
	defer cancel()
	secured := tls.Client(conn, config)
	err = secured.HandshakeContext(ctx)
	j.shookHands(secured.ConnectionState(), err)
	if err != nil {
		return j.failure(q, err)
	}
	return q.Attempt(facts.TLSOnly, "", "")
}

func hostPort(u *url.URL) string {
	if u.Port() == "" {
		return net.JoinHostPort(u.Hostname(), "443")
	}
	return u.Host
}

// newHookClient returns the API server's own client for a webhook. If address is
// not empty, it is where the Service leads.
func newHookClient(i admission.Interception, address string, dial func(context.Context, string, string) (net.Conn, error)) (*rest.RESTClient, error) {
	m, err := webhook.NewClientManager(
		[]schema.GroupVersion{admissionv1beta1.SchemeGroupVersion, admissionv1.SchemeGroupVersion},
		admissionv1beta1.AddToScheme, admissionv1.AddToScheme)
	if err != nil {
		return nil, err
	}
	m.SetAuthenticationInfoResolver(anonymous{&rest.Config{
		UserAgent: userAgent,
		Dial: func(ctx context.Context, network, to string) (net.Conn, error) {
			if address != "" {
				to = address
			}
			return dial(ctx, network, to)
		},
		Proxy: func(*http.Request) (*url.URL, error) { return nil, nil },
	}})
	m.SetServiceResolver(noResolver{})
	b := i.Backend
	config := webhook.ClientConfig{Name: i.Webhook, URL: b.URL, CABundle: b.CABundle}
	if b.URL == "" {
		config.Service = &webhook.ClientConfigService{Namespace: b.Namespace, Name: b.Name, Port: b.Port, Path: b.Path}
	}
	return m.HookClient(config)
}

const userAgent = "gke-preflight"

// anonymous gives no backend any credentials.
type anonymous struct{ config *rest.Config }

// ClientConfigFor implements [webhook.AuthenticationInfoResolver].
func (a anonymous) ClientConfigFor(string) (*rest.Config, error) { return a.config, nil }

// ClientConfigForService implements [webhook.AuthenticationInfoResolver].
func (a anonymous) ClientConfigForService(string, string, int) (*rest.Config, error) {
	return a.config, nil
}

// noResolver leaves the address to the dialer.
type noResolver struct{}

// ResolveEndpoint implements [webhook.ServiceResolver].
func (noResolver) ResolveEndpoint(namespace, name string, port int32) (*url.URL, error) {
	return &url.URL{Scheme: "https", Host: net.JoinHostPort(name+"."+namespace+".svc", strconv.Itoa(int(port)))}, nil
}

// A journey is how far a question got. All its connections end with it.
type journey struct {
	ctx   context.Context
	guard func(network, address string, _ syscall.RawConn) error

	mu                sync.Mutex
	conns             []net.Conn
	connected, secure bool
	closed            bool
	notBefore         time.Time
	notAfter          time.Time
}

// dial connects as long as the question lasts; the transport's own context goes
// on after it.
func (j *journey) dial(_ context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Control: j.guard}
	conn, err := d.DialContext(j.ctx, network, address)
	if err != nil {
		return nil, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		_ = conn.Close()
		return nil, net.ErrClosed
	}
	j.connected = true
	j.conns = append(j.conns, conn)
	return conn, nil
}

func (j *journey) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{TLSHandshakeDone: j.shookHands}
}

func (j *journey) shookHands(s tls.ConnectionState, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.secure = err == nil
	certs := s.PeerCertificates
	if bad := (*tls.CertificateVerificationError)(nil); asError(err, &bad) {
		certs = bad.UnverifiedCertificates
	}
	if len(certs) > 0 {
		j.notBefore, j.notAfter = certs[0].NotBefore, certs[0].NotAfter
	}
}

func (j *journey) close() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.closed = true
	for _, c := range j.conns {
		_ = c.Close()
	}
}

// finish adds to the attempt what was seen on the way.
func (j *journey) finish(a facts.Attempt) facts.Attempt {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.notAfter.IsZero() {
		a.CertificateNotBefore = j.notBefore.UTC().Format(time.RFC3339)
		a.CertificateNotAfter = j.notAfter.UTC().Format(time.RFC3339)
	}
	return a
}

func (j *journey) reached() (connected, secure bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.connected, j.secure
}
