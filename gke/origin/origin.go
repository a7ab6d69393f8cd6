// Package origin keeps credentials at the server that they are for: no redirect takes
// them elsewhere.
package origin

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"k8s.io/client-go/rest"
)

// Stay lets no request of cfg's clients leave for another host or scheme, where a
// redirect may lead: each would carry the credentials.
func Stay(cfg *rest.Config) error {
	base, _, err := rest.DefaultServerUrlFor(cfg)
	if err != nil {
		return fmt.Errorf("the address of the API server can't be used: %w", err)
	}
	home := originOf(base)
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper { return &homebody{home, next} })
	return nil
}

// originOf is the scheme and the host, with its port, by which a server is known.
func originOf(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}

// Elsewhere is the error of a request for which a server leads on to another.
type Elsewhere struct {
	// To is the other: scheme, host and port.
	To string
}

// Error says where it leads on to.
func (e *Elsewhere) Error() string {
	return "it leads on to " + e.To + ", where no credentials are sent"
}

// homebody sends nothing anywhere but home.
type homebody struct {
	home string
	next http.RoundTripper
}

// WrappedRoundTripper returns what the requests go through next.
func (h *homebody) WrappedRoundTripper() http.RoundTripper { return h.next }

// RoundTrip implements [http.RoundTripper].
func (h *homebody) RoundTrip(req *http.Request) (*http.Response, error) {
	if to := originOf(req.URL); to != h.home {
		return nil, &Elsewhere{to}
	}
	return h.next.RoundTrip(req)
}

// Redirects is the redirect policy of clients of Google's APIs, likewise.
func Redirects(req *http.Request, via []*http.Request) error {
	const most = 10 // as net/http's own
	if to := originOf(req.URL); to != originOf(via[0].URL) {
		return &Elsewhere{to}
	}
	if len(via) >= most {
		return fmt.Errorf("it leads in circles: %d redirects", most)
	}
	return nil
}
