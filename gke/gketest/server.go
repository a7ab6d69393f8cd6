// Package gketest serves the GKE API of one cluster, and what Recommender, Compute and Cloud
// Monitoring say of it, from recorded answers, over plain http on loopback, for tests and demonstrations.
package gketest

import (
	"io/fs"
	"net"
	"net/http"
	"sync"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/protobuf/proto"
)

// A Server answers the methods of these APIs that read, by the
// services' own definitions, as the REST interfaces do. The files that it answers from are
// cluster.json, server-config.json, operations.json, upgrade-info.json,
// insights.json and node-pool-upgrade-info/POOL.json, each the JSON form of one message, and
// firewalls.json and region.json of Compute, and time-series.json of Cloud Monitoring. It knows the cluster that cluster.json's selfLink
// names, and no other.
type Server struct {
	// URL is what to pass as --gke-endpoint, --recommender-endpoint, --compute-endpoint
	// and --monitoring-endpoint.
	URL string

	files  fs.FS
	routes []route
	http   *http.Server

	mu      sync.Mutex
	failing map[string]error
	hanging map[string]bool
	answers map[string]proto.Message
	patches []func(*containerpb.Cluster)
	calls   []Call
}

// A Call is a request that the server received.
type Call struct {
	// Method is the method's name, such as GetCluster; for a request that is none
	// that reads, the HTTP method and path.
	Method string
	// Name is the resource that was asked for.
	Name string
	// Header is the request's.
	Header http.Header
}

// Serve starts a server that answers from files. It runs until it is closed.
func Serve(files fs.FS) (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Server{
		URL: "http://" + l.Addr().String(), files: files, routes: routes(),
		failing: map[string]error{}, hanging: map[string]bool{}, answers: map[string]proto.Message{},
	}
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.http.Serve(l) }()
	return s, nil
}

// Close ends the server and the calls under way.
func (s *Server) Close() { _ = s.http.Close() }

// Fail makes a method, such as GetCluster, answer with err, a gRPC status. The
// empty name stands for every method.
func (s *Server) Fail(method string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failing[method] = err
}

// Hang makes a method answer never.
func (s *Server) Hang(method string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hanging[method] = true
}

// Answer makes a method answer with m instead of a file.
func (s *Server) Answer(method string, m proto.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[method] = m
}

// Patch changes the cluster that is served.
func (s *Server) Patch(change func(*containerpb.Cluster)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.patches = append(s.patches, change)
}

// Calls are the requests received so far.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Call(nil), s.calls...)
}
