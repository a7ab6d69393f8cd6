package dial

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// failure is what a call came to that brought no answer.
//
// The end of the question's time closes its connections, so that what is seen
// of it may be either the end or a closed connection.
func (j *journey) failure(q *question, err error) facts.Attempt {
	if errors.Is(err, net.ErrClosed) && j.ctx.Err() != nil {
		err = context.Cause(j.ctx)
	}
	connected, secure := j.reached()
	detail := cause(err)
	switch g := guarded(""); {
	case asError(err, &g):
		return q.Attempt(facts.NotAsked, "", string(g))
	case !connected:
		return notConnected(q, err)
	case !secure:
		return notSecured(q, err)
	case timedOut(err):
		return q.Attempt(facts.Hung, "", noAnswer(q))
	case alerted(err):
		return q.Attempt(facts.BadAnswer, facts.TLSRefused, detail)
	case ended(err):
		return q.Attempt(facts.BadAnswer, facts.Cut, detail)
	}
	return q.Attempt(facts.BadAnswer, facts.NotReview, detail)
}

// notConnected tells failures of the backend from those on our side.
func notConnected(q *question, err error) facts.Attempt {
	if dns := (*net.DNSError)(nil); asError(err, &dns) {
		return q.Attempt(facts.CouldNotAsk, "", fmt.Sprintf("%s can't be resolved from here: %s", dns.Name, dns.Err))
	}
	if timedOut(err) {
		return q.Attempt(facts.ConnectTimeout, "", fmt.Sprintf("no connection within %v", q.Timeout))
	}
	for _, refusal := range []error{syscall.ECONNREFUSED, syscall.EHOSTUNREACH, syscall.ECONNRESET} {
		if errors.Is(err, refusal) {
			return q.Attempt(facts.Refused, "", cause(err))
		}
	}
	return q.Attempt(facts.CouldNotAsk, "", cause(err))
}

func notSecured(q *question, err error) facts.Attempt {
	detail := cause(err)
	var record tls.RecordHeaderError
	if fault, ok := certificateFault(q, err); ok {
		return q.Attempt(facts.BadCertificate, fault, detail)
	}
	switch {
	case timedOut(err):
		return q.Attempt(facts.HungBeforeTLS, "", "connected, and then no TLS handshake")
	case errors.Is(err, http.ErrSchemeMismatch), asError(err, &record):
		return q.Attempt(facts.BadAnswer, facts.NotTLS, detail)
	case alerted(err):
		return q.Attempt(facts.BadAnswer, facts.TLSRefused, detail)
	case ended(err):
		return q.Attempt(facts.BadAnswer, facts.Cut, "the connection was ended during the TLS handshake: "+detail)
	}
	return q.Attempt(facts.BadAnswer, facts.TLSRefused, detail)
}

// alerted reports whether the backend refused by an alert of TLS. In TLS 1.3 that
// may come after this side's handshake is over, such as for want of a client
// certificate.
func alerted(err error) bool {
	var (
		alert  tls.AlertError
		remote *net.OpError
	)
	return asError(err, &alert) || asError(err, &remote) && remote.Op == "remote error"
}

// certificateFault is what the API server would object to in the certificate,
// empty for a rare defect; ok is false if err is about something else.
func certificateFault(q *question, err error) (f facts.Fault, ok bool) {
	var (
		name         x509.HostnameError
		authority    x509.UnknownAuthorityError
		invalid      x509.CertificateInvalidError
		verification *tls.CertificateVerificationError
	)
	switch {
	case asError(err, &name):
		return facts.WrongName, true
	case asError(err, &authority) && len(q.Interception.Backend.CABundle) == 0:
		return facts.BundleEmpty, true
	case asError(err, &authority):
		return facts.OtherAuthority, true
	case asError(err, &invalid) && invalid.Reason == x509.Expired && invalid.Cert != nil && invalid.Cert.IsCA:
		return facts.BundleExpired, true
	case asError(err, &invalid) && invalid.Reason == x509.Expired:
		return facts.Expired, true
	}
	return "", asError(err, &verification)
}

func ended(err error) bool {
	for _, end := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE, net.ErrClosed} {
		if errors.Is(err, end) {
			return true
		}
	}
	return false
}

// cause is the message of err without the request that it is about.
func cause(err error) string {
	if u := (*url.Error)(nil); asError(err, &u) {
		err = u.Err
	}
	return strings.TrimPrefix(err.Error(), "unexpected error when reading response body. Please retry. Original error: ")
}

// asError is errors.As for an error that may be nil.
func asError[T any](err error, target *T) bool { return err != nil && errors.As(err, target) }
