package controlplane

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"
)

// Audit returns the requests that the API server has completed so far: writes
// with their bodies, reads without, in the order of completion.
func (r *Replica) Audit() ([]auditv1.Event, error) {
	b, err := os.ReadFile(r.file("audit.log"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // it ended before its first request, as where its port was taken
	}
	if err != nil {
		return nil, err
	}
	b = b[:bytes.LastIndexByte(b, '\n')+1] // a killed server leaves half a line
	var events []auditv1.Event
	for line := range bytes.Lines(b) {
		var e auditv1.Event
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, fmt.Errorf("%s: %w", r.file("audit.log"), err)
		}
		events = append(events, e)
	}
	return events, nil
}

// Mutations returns the events of requests that change a cluster, or try to,
// and for which every one of keep holds. Not among them are dry-runs, reviews
// of access and tokens, and requests that the API server passes on to a Pod,
// Service or Node, as those to services/proxy and pods/portforward: what they do
// there is the backend's to say.
func Mutations(events []auditv1.Event, keep ...func(auditv1.Event) bool) []auditv1.Event {
	var found []auditv1.Event
	for _, e := range events {
		if mutates(e) && !slices.ContainsFunc(keep, func(k func(auditv1.Event) bool) bool { return !k(e) }) {
			found = append(found, e)
		}
	}
	return found
}

func mutates(e auditv1.Event) bool {
	switch e.Verb {
	case "create", "update", "patch", "delete", "deletecollection":
	default:
		return false
	}
	if e.ObjectRef == nil {
		return false
	}
	switch e.ObjectRef.APIGroup {
	case "authorization.k8s.io", "authentication.k8s.io":
		return false
	}
	switch e.ObjectRef.Subresource {
	case "proxy", "exec", "attach", "portforward":
		return false
	}
	return !isDryRun(e)
}

// isDryRun looks where an API server does: for a DELETE with options in its body at
// these, else at the URL.
func isDryRun(e auditv1.Event) bool {
	if e.Verb == "delete" && e.RequestObject != nil {
		var options metav1.DeleteOptions
		return json.Unmarshal(e.RequestObject.Raw, &options) == nil && slices.Contains(options.DryRun, metav1.DryRunAll)
	}
	u, err := url.Parse(e.RequestURI)
	return err == nil && slices.Contains(u.Query()["dryRun"], metav1.DryRunAll)
}

// ByUser holds for requests of a user: the one impersonated, if any.
func ByUser(name string) func(auditv1.Event) bool {
	return func(e auditv1.Event) bool { return actingUser(e) == name }
}

func actingUser(e auditv1.Event) string {
	if e.ImpersonatedUser != nil {
		return e.ImpersonatedUser.Username
	}
	return e.User.Username
}

// ByAgent holds for requests whose User-Agent begins with prefix.
func ByAgent(prefix string) func(auditv1.Event) bool {
	return func(e auditv1.Event) bool { return strings.HasPrefix(e.UserAgent, prefix) }
}

// ByServer holds for what an API server writes by itself.
var ByServer = ByUser("system:apiserver")

// Describe renders an event as "create clusterroles.rbac.authorization.k8s.io
// system:node", the namespace before the name and a slash where there is one.
func Describe(e auditv1.Event) string {
	ref := e.ObjectRef
	resource := ref.Resource
	if ref.APIGroup != "" {
		resource += "." + ref.APIGroup
	}
	if ref.Subresource != "" {
		resource += "/" + ref.Subresource
	}
	name := ref.Name
	if ref.Namespace != "" {
		name = ref.Namespace + "/" + name
	}
	return e.Verb + " " + resource + " " + name
}

// A FailedWrite is a write of an API server that failed when last tried.
type FailedWrite struct {
	// Write is the write as [Describe] renders it.
	Write string
	// Code and Message are the last answer's.
	Code    int32
	Message string
	// Attempts counts the failures.
	Attempts int
}

// FailedWrites returns the writes by API servers that failed when last tried, in
// the order of their first failure. NotFound and Conflict, by which a controller
// learns what to do next, are no failures.
func FailedWrites(events []auditv1.Event) []FailedWrite {
	var failed []FailedWrite
	for _, e := range Mutations(events, ByServer) {
		if e.ResponseStatus == nil {
			continue
		}
		w, code := Describe(e), e.ResponseStatus.Code
		i := slices.IndexFunc(failed, func(f FailedWrite) bool { return f.Write == w })
		switch {
		case code < 400 && i >= 0:
			failed = slices.Delete(failed, i, i+1)
		case code < 400, code == http.StatusNotFound, code == http.StatusConflict:
		case i < 0:
			failed = append(failed, FailedWrite{w, code, e.ResponseStatus.Message, 1})
		default:
			failed[i].Code, failed[i].Message = code, e.ResponseStatus.Message
			failed[i].Attempts++
		}
	}
	return failed
}
