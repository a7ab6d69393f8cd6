package rehearse

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/rehearsal"
)

// A call is one that arrived at a stand-in.
type call struct {
	admission.Culprit
	write  string
	answer rehearsal.Answer
}

// egress is the far end of one API server's egress selector: it takes the place of
// Konnectivity and of every backend.
type egress struct {
	trusted, other *authority // the one that webhooks trust, and one that none does

	listener net.Listener
	server   *http.Server
	conns    chan net.Conn
	closing  context.Context
	end      context.CancelFunc

	mu        sync.Mutex
	byPath    map[string]*rehearsal.StandIn
	byAddress map[string][]*rehearsal.StandIn
	calls     []call
}

// listen serves at a Unix domain socket. Its path must be short: 104 bytes on macOS, 108
// on Linux.
func (e *egress) listen(socket string) (err error) {
	if e.listener, err = net.Listen("unix", socket); err != nil {
		return err
	}
	e.closing, e.end = context.WithCancel(context.Background())
	e.conns = make(chan net.Conn)
	e.server = &http.Server{Handler: http.HandlerFunc(e.review), ReadHeaderTimeout: time.Minute,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, endpointKey{}, c.(*tunnel).endpoint)
		}}
	go func() { _ = e.server.Serve(handedOver{e}) }()
	go func() {
		for {
			c, err := e.listener.Accept()
			if err != nil {
				return
			}
			go e.connect(c)
		}
	}()
	return nil
}

// close ends all connections, the hung ones too.
func (e *egress) close() {
	e.end()
	_ = e.listener.Close()
	_ = e.server.Close()
}

// behave has the stand-ins answer from now on.
func (e *egress) behave(all []*rehearsal.StandIn) {
	byPath, byAddress := map[string]*rehearsal.StandIn{}, map[string][]*rehearsal.StandIn{}
	for _, in := range all {
		byPath[rehearsal.Path(in.Culprit)] = in
		for _, a := range in.Endpoints {
			byAddress[a] = append(byAddress[a], in)
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.byPath, e.byAddress = byPath, byAddress
}

// called are the calls so far.
func (e *egress) called() []call {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]call(nil), e.calls...)
}

func (e *egress) note(c call) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.calls = append(e.calls, c)
}

// at is what a connection to the endpoint meets before anything is asked. Of several
// webhooks with that endpoint the worst counts; known is false for an address that the
// recording does not have.
func (e *egress) at(endpoint string) (in *rehearsal.StandIn, answer rehearsal.Answer, known bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := e.byAddress[endpoint]
	for _, in := range all {
		if a, ok := in.At(endpoint); ok && beforeHTTP(a) {
			return in, a, true
		}
	}
	return nil, rehearsal.Answer{}, len(all) > 0
}

// beforeHTTP reports whether the answer is given before a request can be sent.
func beforeHTTP(a rehearsal.Answer) bool {
	switch a.Answer {
	case facts.Refused, facts.ConnectTimeout, facts.HungBeforeTLS, facts.BadCertificate:
		return true
	case facts.BadAnswer:
		return a.Fault == facts.NotTLS || a.Fault == facts.TLSRefused
	case facts.Allowed, facts.Denied, facts.Hung, facts.NoEndpoints, facts.TLSOnly, facts.NotAsked, facts.CouldNotAsk:
	}
	return false
}

// connect answers CONNECT host:port, which is all that the HTTPConnect protocol is, and
// does what the endpoint was seen to do up to and including the TLS handshake.
func (e *egress) connect(c net.Conn) {
	req, err := http.ReadRequest(bufio.NewReader(c)) // no early data: the client speaks after the answer
	if err != nil || req.Method != http.MethodConnect {
		_ = c.Close()
		return
	}
	endpoint := req.URL.Host
	in, a, known := e.at(endpoint)
	if in != nil {
		e.note(call{in.Culprit, "", a})
	}
	switch {
	case !known:
		_, _ = io.WriteString(c, "HTTP/1.1 502 no webhook of the recording has this address\r\n\r\n")
	case a.Answer == facts.Refused:
		_, _ = io.WriteString(c, "HTTP/1.1 502 refused, as recorded\r\n\r\n")
	case a.Answer == facts.ConnectTimeout:
		e.hold(c)
	default:
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
		e.handshake(c, endpoint, a)
		return
	}
	_ = c.Close()
}

// handshake hands the connection to the HTTP server, whose certificate is as it was
// seen, or leaves it hanging. The API server offers webhooks HTTP/1.1 alone
// (k8s.io/apiserver pkg/util/webhook/client.go, HookClient).
func (e *egress) handshake(c net.Conn, endpoint string, a rehearsal.Answer) {
	switch {
	case a.Answer == facts.HungBeforeTLS:
		e.hold(c)
		_ = c.Close()
		return
	case a.Fault == facts.NotTLS:
		_, _ = io.WriteString(c, "HTTP/1.0 400 Bad Request\r\n\r\nthis is no TLS\n")
		_ = c.Close()
		return
	}
	config := &tls.Config{NextProtos: []string{"http/1.1"}, GetCertificate: func(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
		name := h.ServerName
		if name == "" { // a URL with an address: no SNI
			name, _, _ = net.SplitHostPort(endpoint)
		}
		return e.certificate(name, a)
	}}
	if a.Fault == facts.TLSRefused {
		config.ClientAuth, config.MaxVersion = tls.RequireAnyClientCert, tls.VersionTLS12
	}
	select {
	case e.conns <- &tunnel{tls.Server(c, config), endpoint}:
	case <-e.closing.Done():
		_ = c.Close()
	}
}

// review answers an AdmissionReview as its webhook was seen to.
func (e *egress) review(w http.ResponseWriter, r *http.Request) {
	var review admissionv1.AdmissionReview
	body, err := io.ReadAll(r.Body) // all of it: only then is it seen that the caller has gone
	if err == nil {
		err = json.Unmarshal(body, &review)
	}
	if err != nil || review.Request == nil {
		http.Error(w, "not an AdmissionReview", http.StatusBadRequest)
		return
	}
	e.mu.Lock()
	in := e.byPath[r.URL.Path]
	e.mu.Unlock()
	if in == nil {
		http.Error(w, "no webhook of the recording has this path", http.StatusNotFound)
		return
	}
	endpoint, _ := r.Context().Value(endpointKey{}).(string)
	write := key(review.Request)
	a := in.To(write, endpoint)
	if a.Patch != "" && !applies(a.Patch, review.Request.Object.Raw) {
		a.Patch, a.Unpatched = "", "the patch that it was seen to make does not apply here"
	}
	e.note(call{in.Culprit, write, a})
	behaviour(a).Respond(w, r, &review)
}

// applies reports whether the recorded patch fits the object: its backend would have
// made one that does.
func applies(patch string, object []byte) bool {
	var u unstructured.Unstructured
	if json.Unmarshal(object, &u.Object) != nil {
		return false
	}
	_, ok := admission.Patched(&u, patch)
	return ok
}

// key is the write as attempts name it.
func key(q *admissionv1.AdmissionRequest) string {
	name := q.Name
	if name == "" {
		var o struct {
			Metadata struct{ Name string } `json:"metadata"`
		}
		if json.Unmarshal(q.Object.Raw, &o) == nil {
			name = o.Metadata.Name
		}
	}
	w := bootstrap.Write{Operation: bootstrap.Operation(q.Operation), Subresource: q.SubResource, Namespace: q.Namespace, Name: name}
	w.Resource.Group, w.Resource.Version, w.Resource.Resource = q.Resource.Group, q.Resource.Version, q.Resource.Resource
	if strings.EqualFold(q.Kind.Kind, "Namespace") {
		w.Namespace = "" // the API server gives a namespace as its own
	}
	return w.Key()
}

// hold keeps a caller waiting until it gives up or the rehearsal ends.
func (e *egress) hold(c net.Conn) {
	gone := make(chan struct{})
	go func() { _, _ = io.Copy(io.Discard, c); close(gone) }()
	select {
	case <-gone:
	case <-e.closing.Done():
	}
}

type endpointKey struct{}

// A tunnel is a connection that arrived for an endpoint.
type tunnel struct {
	net.Conn
	endpoint string
}

// handedOver is the listener of connections that connect let through. The server
// handshakes at the first read.
type handedOver struct{ *egress }

func (h handedOver) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.closing.Done():
		return nil, net.ErrClosed
	}
}

func (h handedOver) Close() error   { return nil }
func (h handedOver) Addr() net.Addr { return h.listener.Addr() }
