package gketest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"path"
	"regexp"

	compute "google.golang.org/api/compute/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// A computeAnswer is what a path of the Compute API answers with, by the types that
// are generated from its definition.
type computeAnswer struct {
	method, file string
	message      any
}

var (
	firewallsPath = regexp.MustCompile(`^/projects/[^/]+/global/firewalls$`)
	regionPath    = regexp.MustCompile(`^/projects/[^/]+/regions/[^/]+$`)
)

// compute finds the answer for a request to the Compute API.
func (s *Server) compute(r *http.Request) (computeAnswer, bool) {
	switch {
	case r.Method != http.MethodGet:
	case firewallsPath.MatchString(r.URL.Path):
		return computeAnswer{"ListFirewalls", "firewalls.json", &compute.FirewallList{}}, true
	case regionPath.MatchString(r.URL.Path):
		return computeAnswer{"GetRegion", "region.json", &compute.Region{}}, true
	}
	return computeAnswer{}, false
}

// answerCompute answers from a file whose fields the definition must know.
func (s *Server) answerCompute(w http.ResponseWriter, r *http.Request, a computeAnswer) {
	s.record(Call{Method: a.method, Name: r.URL.Path[1:], Header: r.Header})
	if err := s.interfere(r, a.method); err != nil {
		fail(w, err)
		return
	}
	b, err := fs.ReadFile(s.files, a.file)
	if errors.Is(err, fs.ErrNotExist) {
		fail(w, status.Errorf(codes.NotFound, "%s was not recorded", a.file))
		return
	}
	if err == nil {
		strict := json.NewDecoder(bytes.NewReader(b))
		strict.DisallowUnknownFields()
		err = strict.Decode(a.message)
	}
	if region, ok := a.message.(*compute.Region); ok && err == nil && path.Base(r.URL.Path) != region.Name {
		err = status.Errorf(codes.NotFound, "The resource '%s' was not found", r.URL.Path[1:])
	}
	if err != nil {
		fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(a.message)
}
