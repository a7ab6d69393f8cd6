package dial

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// FuzzWire has a backend send any bytes for an answer, head and all, and end the
// connection.
func FuzzWire(f *testing.F) {
	b := backend{address: "127.0.0.1:1", ca: newAuthority(f, time.Now().Add(time.Hour))}
	request := planFor(f, b, clusterRole("a"), mutating)[0]
	_, uid := (&question{Request: &request}).sent()
	good := `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"` + string(uid) + `","allowed":true}}`
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = z.Write([]byte(good))
	_ = z.Close()
	const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	for _, seed := range []string{
		"", "HTTP/1.1 200 OK\r\n\r\n" + good, head + "Content-Length: 10\r\n\r\n" + good, head + "Content-Length: 1000\r\n\r\n" + good,
		head + "Transfer-Encoding: chunked\r\n\r\n5\r\n" + good[:5] + "\r\n0\r\nX: y\r\n\r\n", head + "Content-Encoding: gzip\r\n\r\n" + zipped.String(),
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + head + "\r\n" + good, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n" + good,
		"HTTP/1.1 204 No Content\r\n\r\n" + good, "HTTP/1.1 429 Slow\r\nRetry-After: 1\r\n\r\n", "HTTP/1.1 503 x\r\nRetry-After: 99999\r\n\r\n",
		"HTTP/1.1 302 x\r\nLocation: \x1b]8;;http://evil\x07\r\n\r\n", "HTTP/1.1 500 \x1b[2J\r\nWarning: 299 - \"\x1b[31m\"\r\n\r\n\u202eno", "HTTP/9.9 200 OK\r\n\r\n", "\x15\x03\x01\x00\x02\x02\x28", "PRI * HTTP/2.0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", head + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n" + good, "HTTP/1.1 200 OK\r\n" + strings.Repeat("A: b\r\n", 500) + "\r\n",
	} {
		f.Add([]byte(seed))
	}
	answers := []facts.Answer{facts.Allowed, facts.Denied, facts.BadAnswer, facts.CouldNotAsk, facts.Hung}
	f.Fuzz(func(t *testing.T, wire []byte) {
		limitPatches()
		a := (&question{Request: &request}).wired(t, wire)
		if !slices.Contains(answers, a.Answer) {
			t.Errorf("%+v", a)
		}
		if a.Answer == facts.Allowed && !allows(bodyOf(wire), true, string(uid)) {
			t.Errorf("taken for an answer that allows: %q", wire)
		}
	})
}

// wired reads the answer that a connection brings.
func (q *question) wired(t *testing.T, wire []byte) facts.Attempt {
	t.Helper()
	// Whole seconds are what a Retry-After waits for: at the end of one both would race.
	ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
	defer cancel()
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe()
		go func() {
			_, _ = http.ReadRequest(bufio.NewReader(there))
			_, _ = there.Write(wire)
			_ = there.Close()
		}()
		return here, nil
	}}
	defer transport.CloseIdleConnections()
	r := &reader{budget: new(atomic.Int64), RoundTripper: transport}
	defer r.release()
	client, err := rest.UnversionedRESTClientForConfigAndClient(reviewConfig(&rest.Config{Host: "http://127.0.0.1"}), r.client())
	if err != nil {
		t.Fatal(err)
	}
	j := &journey{ctx: ctx, connected: true, secure: true}
	a := read(ctx, q, post(ctx, client.Post(), q), r, func(err error) facts.Attempt { return j.failure(q, err) })
	if ctx.Err() != nil && a.Fault != facts.HTTPStatus {
		t.Errorf("it took its whole time over %q", wire)
	}
	return a
}

// bodyOf is what a plain reading finds as the last answer's body.
func bodyOf(wire []byte) []byte {
	in := bufio.NewReader(bytes.NewReader(wire))
	for {
		resp, err := http.ReadResponse(in, &http.Request{Method: http.MethodPost})
		if err != nil {
			return nil
		}
		if resp.StatusCode == http.StatusSwitchingProtocols {
			content, _ := io.ReadAll(in)
			return content
		}
		if resp.StatusCode < 200 {
			continue
		}
		body := io.Reader(resp.Body)
		if strings.EqualFold(resp.Header.Get("Content-Encoding"), "gzip") {
			if body, err = gzip.NewReader(body); err != nil {
				return nil
			}
		}
		content, _ := io.ReadAll(io.LimitReader(body, maxBody+1))
		return content
	}
}
