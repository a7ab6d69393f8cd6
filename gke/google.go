package gke

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"google.golang.org/api/option"
	transport "google.golang.org/api/transport/http"

	"github.com/gke-preflight/gke-preflight/gke/kube"
	"github.com/gke-preflight/gke-preflight/gke/requests"
)

// An endpoint is where one of Google's APIs is asked.
type endpoint struct {
	// flag names it, for errors.
	flag string
	// url is empty for Google's own.
	url string
}

// trusted reports whether what it tells came over TLS or from this machine, so that a
// token may be sent to an address that it names.
func (e endpoint) trusted() bool {
	u, err := url.Parse(e.url)
	return e.url == "" || err == nil && (u.Scheme == "https" || isLoopback(u.Hostname()))
}

// check returns an error for an endpoint that can't be one.
func (e endpoint) check() error {
	if e.url == "" {
		return nil
	}
	u, err := url.Parse(e.url)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("the endpoint %q is no URL: pass %s to one such as https://container.googleapis.com", e.url, e.flag)
	}
	return nil
}

// options are those of a client for the endpoint, which follows no redirect to another.
// With plain http no credentials are looked for, so that no token is ever sent in the
// clear. The error is a [tokenError], or one of check.
func (f Flags) options(ctx context.Context, in login, e endpoint) ([]option.ClientOption, error) {
	if err := e.check(); err != nil {
		return nil, err
	}
	var options []option.ClientOption
	if e.url != "" {
		options = append(options, option.WithEndpoint(strings.TrimSuffix(e.url, "/")))
	}
	how := option.WithoutAuthentication()
	if !strings.HasPrefix(e.url, "http:") {
		credentials, err := in()
		if err != nil {
			return nil, err
		}
		how = option.WithCredentials(credentials)
	}
	client, _, err := transport.NewClient(ctx, append(options, how, option.WithUserAgent(kube.UserAgent(f.Version)))...)
	if err != nil {
		return nil, &tokenError{err}
	}
	client.CheckRedirect = stayAtHome
	client.Transport = requests.Through(client.Transport, f.Requests, false)
	return append(options, option.WithHTTPClient(client)), nil
}

// notLoggedIn reports whether err is about the credentials, and not about an endpoint.
func notLoggedIn(err error) bool {
	var token *tokenError
	return errors.As(err, &token)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
