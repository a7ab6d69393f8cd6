package google

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"

	"google.golang.org/api/option"
	transport "google.golang.org/api/transport/http"

	"github.com/gke-preflight/gke-preflight/gke/origin"
	"github.com/gke-preflight/gke-preflight/gke/requests"
)

// Options say which of Google's APIs are asked, and how. The zero value asks Google's own.
type Options struct {
	// Endpoint is the URL of another GKE API. Empty for that of the environment
	// variable [EndpointVariable], or Google's own without it. One with plain http
	// is asked without credentials.
	Endpoint string
	// Insights is the URL of another Recommender, for GKE's insights; empty for
	// Google's own, or for none where Endpoint names another GKE API.
	Insights string
	// Compute is the URL of another Compute API, for firewall rules and quotas; empty for
	// Google's own, or for none where Endpoint names another GKE API.
	Compute string
	// Monitoring is the URL of another Cloud Monitoring, for the past week's latency;
	// empty for Google's own, or for none where Endpoint names another GKE API.
	Monitoring string
	// ResourceManager is the URL of another Cloud Resource Manager, for the projects of
	// a folder; empty for Google's own.
	ResourceManager string
	// NoGKE leaves the GKE API out.
	NoGKE bool
	// Requests is told of each request, to Google and to the API server; nil for nobody.
	Requests requests.Teller
	// Version is the version of gke-preflight, for the user agent.
	Version string
}

// EndpointVariable is gcloud's own environment variable for another GKE API.
const EndpointVariable = "CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER"

func (o Options) endpoint() string { return cmp.Or(o.Endpoint, os.Getenv(EndpointVariable)) }

// container is the GKE API.
func (o Options) container() endpoint {
	return endpoint{"--gke-endpoint, or set " + EndpointVariable + ",", o.endpoint()}
}

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
func (o Options) options(ctx context.Context, in login, e endpoint) ([]option.ClientOption, error) {
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
	client, _, err := transport.NewClient(ctx, append(options, how, option.WithUserAgent(requests.UserAgent(o.Version)))...)
	if err != nil {
		return nil, &tokenError{err}
	}
	client.CheckRedirect = origin.Redirects
	client.Transport = requests.Through(client.Transport, o.Requests, false)
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
