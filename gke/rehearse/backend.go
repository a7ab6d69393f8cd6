package rehearse

import (
	"crypto/tls"
	"net/http"
	"sync"
	"time"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/rehearsal"
)

// behaviour is that of a backend that answers so. The recorded time includes the road,
// which is short here.
func behaviour(a rehearsal.Answer) controlplane.Behaviour {
	after := time.Duration(a.Milliseconds) * time.Millisecond
	switch a.Answer {
	case facts.Denied:
		return controlplane.After(after, controlplane.Deny("denied, as recorded", a.Status))
	case facts.Hung, facts.HungBeforeTLS, facts.ConnectTimeout:
		return controlplane.HangAfterTLS()
	case facts.BadAnswer:
		return controlplane.After(after, badAnswer(a))
	case facts.Allowed:
		if a.Patch != "" {
			return controlplane.After(after, controlplane.Patch(a.Patch))
		}
		return controlplane.After(after, controlplane.Allow())
	case facts.Refused, facts.BadCertificate, facts.NoEndpoints:
		return controlplane.Cut()
	case facts.TLSOnly, facts.NotAsked, facts.CouldNotAsk:
	}
	return controlplane.Allow()
}

func badAnswer(a rehearsal.Answer) controlplane.Behaviour {
	switch a.Fault {
	case facts.Cut, facts.NotTLS, facts.TLSRefused:
		return controlplane.Cut()
	case facts.NotReview, facts.Redirected:
		return controlplane.NotJSON()
	case facts.WrongUID:
		return controlplane.WrongUID()
	case facts.WrongVersion:
		return controlplane.WrongVersion()
	case facts.NoResponse:
		return controlplane.NoResponse()
	case facts.BadPatch:
		return controlplane.Patch(`[{"op":"test","path":"/none","value":1}]`)
	case facts.TooLarge:
		return controlplane.Huge(64 << 20)
	case facts.NoService, facts.NoPort, facts.NoEndpoint, facts.NoneReady, facts.BundleNotPEM, facts.BundleEmpty, facts.BundleExpired,
		facts.OtherAuthority, facts.WrongName, facts.Expired, facts.HTTPStatus, facts.BadObjects, facts.NotPermitted:
	}
	if a.Status < http.StatusBadRequest {
		return controlplane.Status(http.StatusInternalServerError)
	}
	return controlplane.Status(int(a.Status))
}

// certificate is the one that a backend shows which answers so.
func (e *egress) certificate(name string, a rehearsal.Answer) (*tls.Certificate, error) {
	switch {
	case a.Answer != facts.BadCertificate:
		return e.trusted.issue(name, time.Time{})
	case a.Fault == facts.WrongName:
		return e.trusted.issue("another.invalid", time.Time{})
	case a.Fault == facts.Expired:
		return e.trusted.issue(name, time.Now().Add(-time.Hour))
	}
	return e.other.issue(name, time.Time{}) // another authority, and all defects of a caBundle
}

// An authority issues a certificate for each name once.
type authority struct {
	*controlplane.Authority
	mu     sync.Mutex
	issued map[string]*tls.Certificate
}

func newAuthority(name string) (*authority, error) {
	a, err := controlplane.NewAuthority(name)
	return &authority{Authority: a, issued: map[string]*tls.Certificate{}}, err
}

// issue returns a certificate that expires then; zero for years from now.
func (a *authority) issue(name string, notAfter time.Time) (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	id := name
	if !notAfter.IsZero() {
		id += " expired"
	}
	if c, ok := a.issued[id]; ok {
		return c, nil
	}
	pair, err := a.Issue(controlplane.Certificate{Names: []string{name}, NotAfter: notAfter})
	if err != nil {
		return nil, err
	}
	c, err := pair.TLS()
	a.issued[id] = &c
	return &c, err
}
