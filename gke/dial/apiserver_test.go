package dial

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
)

// An apiServer stands in for a kube-apiserver with a service proxy that says
// what the real one does. The rig's tests are about the real one.
type apiServer struct {
	*httptest.Server
	// admit is asked about each request to the service proxy; nil admits.
	admit func(*http.Request) error
	// resolve is asked for the backend's address.
	resolve func(port string) (address string, err error)
	// authorize is asked about each request to the service proxy; nil allows.
	authorize func() error
	// mayProxy is what an access review says.
	mayProxy bool
	// unmarked leaves out the header by which a kube-apiserver marks answers.
	unmarked bool
	// handshake is how long the service proxy waits for TLS.
	handshake time.Duration

	// forward serves pods/portforward; nil for none.
	forward http.HandlerFunc

	proxied atomic.Int64
	paths   chan string
}

func newAPIServer(t testing.TB, b backend) *apiServer {
	s := &apiServer{resolve: func(string) (string, error) { return b.address, nil }, mayProxy: true, handshake: 10 * time.Second, paths: make(chan string, 1000)}
	s.Server = httptest.NewUnstartedServer(s)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func (s *apiServer) config() *rest.Config {
	return &rest.Config{Host: s.URL, BearerToken: "secret", TLSClientConfig: rest.TLSClientConfig{CAData: pemOf(s.Certificate().Raw)}}
}

func (s *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.unmarked {
		w.Header().Set("Audit-Id", "1")
	}
	if r.Header.Get("Authorization") != "Bearer secret" {
		writeError(w, apierrors.NewUnauthorized("Unauthorized"))
		return
	}
	switch {
	case r.URL.Path == "/version":
		_, _ = io.WriteString(w, "{}")
	case strings.HasSuffix(r.URL.Path, "/selfsubjectaccessreviews"):
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(authorizationv1.SelfSubjectAccessReview{
			TypeMeta: metav1.TypeMeta{APIVersion: "authorization.k8s.io/v1", Kind: "SelfSubjectAccessReview"},
			Status:   authorizationv1.SubjectAccessReviewStatus{Allowed: s.mayProxy},
		})
	case strings.HasPrefix(r.URL.Path, "/api/v1/namespaces/opa/services/https:opa:"):
		s.proxy(w, r)
	case strings.HasSuffix(r.URL.Path, "/portforward") && s.forward != nil:
		s.forward(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (s *apiServer) proxy(w http.ResponseWriter, r *http.Request) {
	if s.authorize != nil {
		if err := s.authorize(); err != nil {
			writeError(w, err)
			return
		}
	}
	if s.admit != nil {
		if err := s.admit(r); err != nil {
			writeError(w, err)
			return
		}
	}
	port, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/api/v1/namespaces/opa/services/https:opa:"), "/proxy")
	if port != "443" {
		writeError(w, apierrors.NewServiceUnavailable(fmt.Sprintf("no endpoints available for service %q", "https:opa:"+port)))
		return
	}
	address, err := s.resolve(port)
	if err != nil {
		writeError(w, err)
		return
	}
	s.proxied.Add(1)
	select {
	case s.paths <- path + "?" + r.URL.RawQuery:
	default:
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, TLSHandshakeTimeout: s.handshake, DisableKeepAlives: true}
	handler := &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL = &url.URL{Scheme: "https", Host: address, Path: path, RawQuery: r.In.URL.RawQuery}
			r.Out.Header.Del("Authorization")
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			writeError(w, apierrors.NewServiceUnavailable(noReach+err.Error()))
		},
		ErrorLog: log.New(io.Discard, "", 0),
	}
	handler.ServeHTTP(w, r)
}

func writeError(w http.ResponseWriter, err error) {
	s := apierrors.APIStatus(apierrors.NewInternalError(err))
	if known, ok := err.(apierrors.APIStatus); ok {
		s = known
	}
	status := s.Status()
	status.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(int(status.Code))
	_ = json.NewEncoder(w).Encode(status)
}

func forbidden() error {
	return apierrors.NewForbidden(schema.GroupResource{Resource: "services"}, "https:opa:443",
		fmt.Errorf(`User "me" cannot create resource "services/proxy" in API group "" in the namespace "opa"`))
}
