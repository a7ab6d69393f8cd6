package dial

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"time"

	"github.com/moby/spdystream"
	corev1 "k8s.io/api/core/v1"
	portforwardconstants "k8s.io/apimachinery/pkg/util/portforward"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/websocket"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"
)

// A tunnel is a connection to a port of a Pod: SPDY with two streams, one for the
// data and one on which the kubelet complains, over a connection to the API
// server. Deadlines are those of the whole.
type tunnel struct {
	// Stream is that of the data.
	*spdystream.Stream
	complaints *spdystream.Stream
	under      net.Conn
	said       chan string
}

// forward opens a port-forward until ctx ends; after that the tunnel goes on. It
// goes through a WebSocket and, where that is not taken, through SPDY alone, as
// kubectl does (k8s.io/client-go tools/portforward): API servers before 1.31 and
// some proxies do not take the one, and other proxies not the other.
func (a *api) forward(ctx context.Context, to podPort) (*tunnel, error) {
	conn, err := a.overWebSocket(ctx, to)
	if u := (*httpstream.UpgradeFailureError)(nil); asError(err, &u) {
		if err = u.Cause; !byAdmission(statusMessage(err)) && !strings.Contains(err.Error(), failedCalling) {
			conn, err = a.overSPDY(ctx, to)
		}
	}
	if err != nil {
		return nil, err
	}
	return newTunnel(ctx, conn, to.port)
}

func (a *api) overWebSocket(ctx context.Context, to podPort) (net.Conn, error) {
	transport, holder, err := websocket.RoundTripperFor(a.config)
	if err != nil {
		return nil, err
	}
	stop := func() bool { return true }
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) {
		stop = context.AfterFunc(ctx, func() { _ = i.Conn.Close() })
	}})
	defer func() { stop() }()
	req, err := a.upgrade(traced, http.MethodGet, to)
	if err != nil {
		return nil, err
	}
	conn, err := websocket.Negotiate(transport, holder, req, portforwardconstants.WebsocketsSPDYTunnelingPortForwardV1)
	if err != nil {
		return nil, err
	}
	return portforward.NewTunnelingConnection("client", conn), nil
}

// overSPDY takes over a connection of HTTP/1.1, as only that can be upgraded.
func (a *api) overSPDY(ctx context.Context, to podPort) (net.Conn, error) {
	config := rest.CopyConfig(a.config)
	config.NextProtos = []string{"http/1.1"}
	transport, err := rest.TransportFor(config)
	if err != nil {
		return nil, err
	}
	var conn net.Conn
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { conn = i.Conn }})
	req, err := a.upgrade(traced, http.MethodPost, to)
	if err != nil {
		return nil, err
	}
	req.Header.Set(httpstream.HeaderConnection, httpstream.HeaderUpgrade)
	req.Header.Set(httpstream.HeaderUpgrade, spdy.HeaderSpdy31)
	req.Header.Set(httpstream.HeaderProtocolVersion, portforwardconstants.PortForwardV1Name)
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	body, ok := resp.Body.(io.ReadWriteCloser)
	if resp.StatusCode != http.StatusSwitchingProtocols || !ok || conn == nil {
		defer resp.Body.Close()
		content, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
		return nil, refusedUpgrade(resp.StatusCode, content)
	}
	return upgraded{conn, body}, nil
}

func (a *api) upgrade(ctx context.Context, method string, to podPort) (*http.Request, error) {
	client, err := rest.UnversionedRESTClientForConfigAndClient(a.config, &http.Client{Transport: a.transport})
	if err != nil {
		return nil, err
	}
	return http.NewRequestWithContext(ctx, method, client.Get().AbsPath(to.path()).URL().String(), nil)
}

// upgraded is a connection that was taken over from HTTP, which may have read
// ahead.
type upgraded struct {
	net.Conn
	body io.ReadWriteCloser
}

func (u upgraded) Read(p []byte) (int, error)  { return u.body.Read(p) }
func (u upgraded) Write(p []byte) (int, error) { return u.body.Write(p) }
func (u upgraded) Close() error                { return u.body.Close() }

// newTunnel opens both streams. If it returns an error, conn is closed.
func newTunnel(ctx context.Context, conn net.Conn, port uint16) (*tunnel, error) {
	session, err := spdystream.NewConnection(conn, false)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	go session.Serve(func(s *spdystream.Stream) { _ = s.Refuse() })
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	t := &tunnel{under: conn, said: make(chan string, 1)}
	if t.complaints, err = openStream(ctx, session, corev1.StreamTypeError, port); err == nil {
		t.Stream, err = openStream(ctx, session, corev1.StreamTypeData, port)
	}
	if err != nil {
		_ = t.Close()
		return nil, err
	}
	_ = t.complaints.Close()
	go func() {
		b, _ := io.ReadAll(io.LimitReader(t.complaints, 4*maxDetail))
		t.said <- string(b)
		close(t.said)
	}()
	return t, nil
}

// openStream waits until the other side has taken the stream. Nothing but a
// timeout ends a wait of the library's.
func openStream(ctx context.Context, session *spdystream.Connection, kind string, port uint16) (*spdystream.Stream, error) {
	s, err := session.CreateStream(http.Header{
		http.CanonicalHeaderKey(corev1.StreamType):                 {kind},
		http.CanonicalHeaderKey(corev1.PortHeader):                 {strconv.Itoa(int(port))},
		http.CanonicalHeaderKey(corev1.PortForwardRequestIDHeader): {"0"},
	}, nil, false)
	if err != nil {
		return nil, err
	}
	for {
		if err := s.WaitTimeout(100 * time.Millisecond); !errors.Is(err, spdystream.ErrTimeout) {
			return s, err
		}
		select {
		case <-ctx.Done():
			return s, ctx.Err()
		case <-session.CloseChan():
			return s, io.ErrUnexpectedEOF
		default:
		}
	}
}

// Close ends the tunnel and all that it consists of. It may be called again, and
// while the tunnel is read and written.
func (t *tunnel) Close() error {
	err := t.under.Close()
	for _, s := range []*spdystream.Stream{t.Stream, t.complaints} {
		if s != nil {
			_ = s.Reset()
		}
	}
	return err
}

// complaint is what the kubelet has against the port-forward, empty for nothing.
// It comes at about the time at which the data ends.
func (t *tunnel) complaint() string {
	soon := time.NewTimer(time.Second)
	defer soon.Stop()
	select {
	case s := <-t.said:
		return s
	case <-soon.C:
		return ""
	}
}
