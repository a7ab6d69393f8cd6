package kube

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/http2"
	"golang.org/x/oauth2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// Why maps an error of a request to the API server to the reason for which the
// fact is absent, in the server's words where there are any.
func Why(err error) facts.Absence {
	detail := err.Error()
	var transport *url.Error
	if errors.As(err, &transport) {
		detail = strings.Replace(detail, transport.Error(), transport.Err.Error(), 1)
	}
	return facts.Absence{Reason: reason(err, transport), Detail: detail}
}

func reason(err error, transport *url.Error) facts.Reason {
	var status *apierrors.StatusError
	var timeout net.Error
	switch {
	case errors.As(err, &status):
		return statusReason(status)
	case CredentialsFailed(err):
		return facts.Unauthenticated
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return facts.Timeout
	case errors.Is(err, errTooLong), errors.Is(err, errRepeats):
		return facts.Truncated
	case errors.Is(err, context.Canceled):
		return facts.Failed
	case transport != nil:
		return facts.Unreachable
	case cutShort(err):
		return facts.Truncated
	}
	return facts.Failed
}

func statusReason(err *apierrors.StatusError) facts.Reason {
	switch {
	case apierrors.IsForbidden(err):
		return facts.Forbidden
	case apierrors.IsUnauthorized(err):
		return facts.Unauthenticated
	case apierrors.IsTimeout(err), apierrors.IsServerTimeout(err), err.ErrStatus.Code == http.StatusGatewayTimeout:
		return facts.Timeout
	case apierrors.IsResourceExpired(err), apierrors.IsGone(err):
		return facts.Truncated
	case err.ErrStatus.Code == http.StatusBadGateway, err.ErrStatus.Code == http.StatusServiceUnavailable:
		return facts.Unreachable
	}
	return facts.Failed
}

// cutShort reports whether an answer began and did not end.
func cutShort(err error) bool {
	var stream http2.StreamError
	var goAway http2.GoAwayError
	var connection *net.OpError
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &stream) || errors.As(err, &goAway) || errors.As(err, &connection)
}

// CredentialsFailed reports whether err says that there were no credentials to
// send: the kubeconfig's plugin failed, or Google gave no token.
func CredentialsFailed(err error) bool {
	var token *oauth2.RetrieveError
	var none interface{ NoCredentials() }
	return errors.As(err, &token) || errors.As(err, &none)
}

// CertificateRefused reports whether err says that the API server's certificate
// was not accepted.
func CertificateRefused(err error) bool {
	var verification *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	return errors.As(err, &verification) || errors.As(err, &authority) || errors.As(err, &host) || errors.As(err, &invalid)
}
