package plugin

import (
	"context"
	"net/http"
	"time"

	"k8s.io/client-go/pkg/apis/clientauthentication"
	"k8s.io/client-go/rest"
)

// Use has cfg take its credentials from the plugin that it names, by this package
// instead of client-go's own runner. The plugin is run once, and again when its token
// has expired or is refused; a certificate is that of the first time. Without a plugin,
// or with other credentials beside it, which win, no plugin is run. The error is an
// [Error], or that of ctx where it was cancelled.
func Use(ctx context.Context, cfg *rest.Config) error {
	config := cfg.ExecProvider
	if config == nil {
		return nil
	}
	cluster, err := rest.ConfigToExecCluster(cfg)
	if err != nil {
		return err
	}
	cfg.ExecProvider = nil
	if cfg.BearerToken != "" || cfg.BearerTokenFile != "" || cfg.Username != "" || cfg.CertFile != "" || cfg.CertData != nil {
		return nil
	}
	r, err := newRunner(config, cluster)
	if err != nil {
		return err
	}
	first, err := r.run(ctx)
	if err != nil {
		return err
	}
	if first.ClientCertificateData != "" {
		cfg.CertData, cfg.KeyData = []byte(first.ClientCertificateData), []byte(first.ClientKeyData)
	}
	if first.Token != "" {
		s := &source{runner: r, turn: make(chan struct{}, 1), held: first}
		cfg.Wrap(func(next http.RoundTripper) http.RoundTripper { return &bearer{s, next} })
	}
	return nil
}

// A source gives out the token of a plugin, which one request at a time may run.
type source struct {
	*runner
	turn chan struct{}
	// held is nil where the plugin has to be run.
	held *clientauthentication.ExecCredentialStatus
}

func (s *source) credential(ctx context.Context) (*clientauthentication.ExecCredentialStatus, error) {
	if err := s.take(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	if s.held != nil && (s.held.ExpirationTimestamp == nil || time.Now().Before(s.held.ExpirationTimestamp.Time)) {
		return s.held, nil
	}
	var err error
	s.held, err = s.run(ctx)
	return s.held, err
}

// refused has the plugin run again for the next request, unless that is done already.
func (s *source) refused(ctx context.Context, c *clientauthentication.ExecCredentialStatus) {
	if s.take(ctx) != nil {
		return
	}
	defer s.leave()
	if s.held == c {
		s.held = nil
	}
}

func (s *source) take(ctx context.Context) error {
	select {
	case s.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *source) leave() { <-s.turn }

// bearer adds the token to requests that have no credentials.
type bearer struct {
	source *source
	next   http.RoundTripper
}

// WrappedRoundTripper returns what the requests go through next.
func (b *bearer) WrappedRoundTripper() http.RoundTripper { return b.next }

// RoundTrip implements [http.RoundTripper].
func (b *bearer) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Header.Get("Authorization") != "" {
		return b.next.RoundTrip(req)
	}
	c, err := b.source.credential(req.Context())
	if err != nil {
		return nil, err
	}
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+c.Token)
	resp, err := b.next.RoundTrip(req)
	if err == nil && resp.StatusCode == http.StatusUnauthorized {
		b.source.refused(req.Context(), c)
	}
	return resp, err
}
