// Package requests says by whom requests are sent, and tells of them, for whoever wants
// to see them: no header, no query and no body of any.
package requests

import (
	"net/http"
	"time"
)

// A Request is one that was sent.
type Request struct {
	Method string
	// Host is the server and its port, as the URL has them.
	Host string
	// Path is empty where it may be a secret.
	Path string
	// Status is that of the answer; zero where there was none.
	Status int
	// Took is the time until the answer began, or there was to be none.
	Took time.Duration
}

// A Teller is told of each request when its answer begins, of several at a time. Nil
// stands for one who wants to hear nothing.
type Teller func(Request)

// Through returns next, with tell told of each request. secretPath leaves the paths out.
func Through(next http.RoundTripper, tell Teller, secretPath bool) http.RoundTripper {
	if tell == nil {
		return next
	}
	return &told{next, tell, secretPath}
}

type told struct {
	next       http.RoundTripper
	tell       Teller
	secretPath bool
}

// WrappedRoundTripper returns what the requests go through next.
func (t *told) WrappedRoundTripper() http.RoundTripper { return t.next }

// RoundTrip implements [http.RoundTripper].
func (t *told) RoundTrip(req *http.Request) (*http.Response, error) {
	r := Request{Method: req.Method, Host: req.URL.Host, Path: req.URL.Path}
	if t.secretPath {
		r.Path = ""
	}
	began := time.Now()
	resp, err := t.next.RoundTrip(req)
	r.Took = time.Since(began)
	if err == nil {
		r.Status = resp.StatusCode
	}
	t.tell(r)
	return resp, err
}

// UserAgent is how gke-preflight makes itself known to servers.
func UserAgent(version string) string {
	if version == "" {
		return "gke-preflight"
	}
	return "gke-preflight/" + version
}
