package dial

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	webhookerrors "k8s.io/apiserver/pkg/admission/plugin/webhook/errors"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/apiserver/pkg/endpoints/handlers/responsewriters"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/probe"
)

// TestVerdicts has what API servers answer to a dry-run, made by their own code
// where that can be imported.
func TestVerdicts(t *testing.T) {
	roles := schema.GroupResource{Group: "rbac.authorization.k8s.io", Resource: "clusterroles"}
	notAllowed := responsewriters.ForbiddenStatusError(authorizer.AttributesRecord{
		User: &user.DefaultInfo{Name: "me"}, Verb: "create", APIGroup: roles.Group, Resource: roles.Resource, ResourceRequest: true,
	}, "")
	warden := apierrors.NewForbidden(roles, "a", errors.New(`GKE Warden authz [denied by managed-namespaces-limitation]: the namespace "kube-system" is managed and the request's verb "create" is denied`))
	policy := apierrors.NewForbidden(roles, "a", errors.New("ValidatingAdmissionPolicy 'p' with binding 'b' denied request: failed expression: false"))
	policy.ErrStatus.Reason, policy.ErrStatus.Code = metav1.StatusReasonInvalid, http.StatusUnprocessableEntity
	denied := webhookerrors.ToStatusErr("opa.example.com", &metav1.Status{Message: `clusterroles "a" is forbidden: User "me" cannot create`, Code: 403, Reason: metav1.StatusReasonForbidden})
	escalation := apierrors.NewForbidden(roles, "a", errors.New(`user "me" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:`))
	const loopback, self = "system:apiserver", "me"
	for _, test := range []struct {
		name string
		err  error
		as   string
		want outcome
	}{
		{"admitted", nil, loopback, outcome{answer: facts.Allowed}},
		{"denied by a webhook, in the words of RBAC", denied, self, outcome{answer: facts.Denied, status: 403, detail: `admission webhook "opa.example.com" denied the request`}},
		{"a webhook that failed", apierrors.NewInternalError(errors.New(`failed calling webhook "opa.example.com": failed to call webhook: Post "https://opa.opa.svc:443/?timeout=10s": context deadline exceeded`)), self,
			outcome{answer: facts.Denied, status: 500, detail: "failed calling webhook"}},
		{"denied by a policy", policy, self, outcome{answer: facts.Denied, status: 422, detail: "ValidatingAdmissionPolicy 'p'"}},
		{"a mutating policy that failed", apierrors.NewForbidden(roles, "a", errors.New(`policy 'p' with binding 'b' denied request: no such key`)), self,
			outcome{answer: facts.Denied, status: 403, detail: "policy 'p'"}},
		{"a webhook that knows no dry-run", webhookerrors.NewDryRunUnsupportedErr("opa.example.com"), loopback, outcome{answer: facts.CouldNotAsk, status: 400, detail: "does not support dry run"}},
		{"RBAC", notAllowed, self, outcome{answer: facts.CouldNotAsk, fault: facts.NotPermitted, status: 403, detail: `User "me" cannot create`}},
		{"GKE's authorizer", warden, loopback, outcome{answer: facts.CouldNotAsk, fault: facts.NotPermitted, status: 403, detail: "GKE Warden authz"}},
		{"more than one has oneself", escalation, self, outcome{answer: facts.CouldNotAsk, status: 403, detail: "rejected for me, which says nothing about system:apiserver"}},
		{"another plugin rejects the loopback", apierrors.NewForbidden(roles, "a", errors.New("exceeded quota")), loopback, outcome{answer: facts.Denied, status: 403, detail: "exceeded quota"}},
		{"an API server that has just started", apierrors.NewForbidden(roles, "a", errors.New("not yet ready to handle request")), loopback, outcome{answer: facts.CouldNotAsk, status: 403, detail: "not yet ready"}},
		{"given up", apierrors.NewTimeoutError("request did not complete within requested timeout - context deadline exceeded", 0), loopback, outcome{answer: facts.Hung, status: 504, detail: "request did not complete"}},
		{"exists by now", apierrors.NewAlreadyExists(roles, "a"), loopback, outcome{answer: facts.Allowed, status: 409, detail: "found to exist"}},
		{"gone", apierrors.NewNotFound(roles, "a"), loopback, outcome{answer: facts.CouldNotAsk, status: 404, detail: "not found"}},
		{"not valid in this version", apierrors.NewInvalid(schema.GroupKind{Kind: "ClusterRole"}, "a", nil), loopback, outcome{answer: facts.CouldNotAsk, status: 422, detail: "can't be tried here"}},
		{"changed meanwhile", apierrors.NewConflict(roles, "a", errors.New("changed")), loopback, outcome{answer: facts.CouldNotAsk, status: 409, detail: "can't be tried here"}},
		{"no connection", errors.New("connection reset"), loopback, outcome{answer: facts.CouldNotAsk, detail: "did not answer"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := probe.Plan(facts.New(facts.Meta{}), []admission.Intercepted{{Write: clusterRole("a")}}, probe.Options{})[0]
			a := (&prober{}).tried(t.Context(), &question{Request: &r}, test.err, test.as, true)
			test.want.check(t, a)
			if a.As != test.as || a.Vantage != facts.ServerDryRun {
				t.Errorf("%+v", a)
			}
		})
	}
}

// storage stands in for an API server with one kind of object.
type storage struct {
	*httptest.Server
	answer func(w http.ResponseWriter, r *http.Request)
	// may says what an access review allows, by verb and resource; nil for everything.
	may func(verb, resource string) bool

	mu   sync.Mutex
	seen []string
}

func newStorage(t *testing.T, answer http.HandlerFunc) *storage {
	s := &storage{answer: answer}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *storage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if strings.HasSuffix(r.URL.Path, "/selfsubjectaccessreviews") {
		s.review(w, body)
		return
	}
	var o metav1.PartialObjectMetadata
	_ = json.Unmarshal(body, &o)
	line := fmt.Sprintf("%s %s as %q", r.Method, strings.TrimPrefix(r.URL.String(), "/apis/rbac.authorization.k8s.io/v1/"), r.Header.Get("Impersonate-User"))
	if o.ResourceVersion != "" {
		line += " of " + o.ResourceVersion
	}
	if r.URL.Path != "/version" {
		s.mu.Lock()
		s.seen = append(s.seen, line)
		s.mu.Unlock()
	}
	w.Header().Set("Content-Type", "application/json")
	s.answer(w, r)
}

func (s *storage) review(w http.ResponseWriter, body []byte) {
	decoded, _, err := scheme.Codecs.UniversalDeserializer().Decode(body, nil, nil)
	review, ok := decoded.(*authorizationv1.SelfSubjectAccessReview)
	if err != nil || !ok {
		http.Error(w, "no access review", http.StatusBadRequest)
		return
	}
	review.SetGroupVersionKind(authorizationv1.SchemeGroupVersion.WithKind("SelfSubjectAccessReview"))
	what := review.Spec.ResourceAttributes
	review.Status.Allowed = s.may == nil || s.may(what.Verb, what.Resource+"/"+what.Name)
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(review)
}

// asked are the requests so far, but for access reviews.
func (s *storage) asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

func (s *storage) dryRun(t *testing.T, timeout time.Duration, ws ...bootstrap.Write) []facts.Attempt {
	t.Helper()
	var in []admission.Intercepted
	for _, w := range ws {
		in = append(in, admission.Intercepted{Write: w})
	}
	requests := probe.Plan(facts.New(facts.Meta{}), in, probe.Options{})
	for n := range requests {
		requests[n].Timeout = timeout
	}
	return Probe(t.Context(), requests, Clients{Config: &rest.Config{Host: s.URL}, Identity: "me"})
}

const storedRole = `{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"a","resourceVersion":"7","uid":"u"}}`

func TestDryRun(t *testing.T) {
	s := newStorage(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, storedRole) })
	create, update, remove := clusterRole("a"), clusterRole("a"), clusterRole("a")
	create.Object = create.Object.DeepCopy()
	create.Object.SetResourceVersion("3")
	update.Operation, update.OldObject = bootstrap.Update, update.Object
	remove.Operation, remove.OldObject, remove.Object = bootstrap.Delete, remove.Object, nil
	for _, test := range []struct {
		write bootstrap.Write
		want  []string
	}{
		{create, []string{`POST clusterroles?dryRun=All as "system:apiserver"`}},
		{update, []string{`GET clusterroles/a as "system:apiserver"`, `PUT clusterroles/a?dryRun=All as "system:apiserver" of 7`}},
		{remove, []string{`DELETE clusterroles/a?dryRun=All as "system:apiserver"`}},
	} {
		before := len(s.asked())
		a := s.dryRun(t, 10*time.Second, test.write)[0]
		if a.Answer != facts.Allowed || a.As != "system:apiserver" || fmt.Sprint(s.asked()[before:]) != fmt.Sprint(test.want) {
			t.Errorf("%s as %s: %s", a.Answer, a.As, s.asked())
		}
	}
	if create.Object.GetResourceVersion() != "3" || update.Object.GetResourceVersion() != "" {
		t.Error("the plan's objects were changed")
	}
}

// TestDeleteIsDryRun: API servers read a deletion's dryRun in its body.
func TestDeleteIsDryRun(t *testing.T) {
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent, _ := io.ReadAll(r.Body)
		if r.Method != http.MethodDelete {
			(&storage{}).review(w, sent)
			return
		}
		body = sent
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, storedRole)
	}))
	defer server.Close()
	w := clusterRole("a")
	w.Operation, w.OldObject, w.Object = bootstrap.Delete, w.Object, nil
	requests := probe.Plan(facts.New(facts.Meta{}), []admission.Intercepted{{Write: w}}, probe.Options{})
	a := Probe(t.Context(), requests, Clients{Config: &rest.Config{Host: server.URL}})[0]
	var options metav1.DeleteOptions
	if err := json.Unmarshal(body, &options); err != nil || a.Answer != facts.Allowed || fmt.Sprint(options.DryRun) != "[All]" {
		t.Errorf("%s, and sent %s", a.Answer, body)
	}
}

func TestDryRunAsOneself(t *testing.T) {
	s := newStorage(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Impersonate-User") != "" {
			writeError(w, apierrors.NewForbidden(schema.GroupResource{Resource: "users"}, "system:apiserver", errors.New(`User "me" cannot impersonate resource "users" in API group "" at the cluster scope`)))
			return
		}
		_, _ = io.WriteString(w, storedRole)
	})
	for _, a := range s.dryRun(t, 10*time.Second, clusterRole("a"), clusterRole("b"), clusterRole("c")) {
		if a.Answer != facts.Allowed || a.As != "me" {
			t.Errorf("%+v", a)
		}
	}
	if len(s.asked()) != 4 {
		t.Errorf("tried to impersonate again: %v", s.asked())
	}
}

func TestConflictIsTriedAgain(t *testing.T) {
	conflict := apierrors.NewConflict(schema.GroupResource{Resource: "clusterroles"}, "a", errors.New("changed"))
	w := clusterRole("a")
	w.Operation, w.OldObject = bootstrap.Update, w.Object
	for conflicts, want := range []facts.Answer{facts.Allowed, facts.Allowed, facts.CouldNotAsk} {
		puts := 0
		s := newStorage(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut {
				if puts++; puts <= conflicts {
					writeError(w, conflict)
					return
				}
			}
			_, _ = io.WriteString(w, storedRole)
		})
		if a := s.dryRun(t, 10*time.Second, w)[0]; a.Answer != want {
			t.Errorf("%d conflicts: %+v", conflicts, a)
		}
	}
}

// TestSlowDryRuns: once a dry-run was slow or failed to reach a webhook, its
// like are left out.
func TestSlowDryRuns(t *testing.T) {
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   facts.Answer
	}{
		"hangs": {func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/version" {
				<-r.Context().Done()
			}
		}, facts.Hung},
		"slow": {func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(slowDryRun)
			_, _ = io.WriteString(w, storedRole)
		}, facts.Allowed},
		"failing": {func(w http.ResponseWriter, _ *http.Request) {
			writeError(w, apierrors.NewInternalError(errors.New(`failed calling webhook "x": EOF`)))
		}, facts.Denied},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStorage(t, test.answer)
			got := s.dryRun(t, 2*time.Second, clusterRole("a"), clusterRole("b"), clusterRole("c"))
			if got[0].Answer != test.want || got[1].Answer != facts.NotAsked || got[2].Answer != facts.NotAsked || len(s.asked()) != 1 {
				t.Errorf("%+v\n%v", got, s.asked())
			}
		})
	}
}

func TestDryRunInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := newStorage(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	requests := probe.Plan(facts.New(facts.Meta{}), []admission.Intercepted{{Write: clusterRole("a")}}, probe.Options{})
	a := Probe(ctx, requests, Clients{Config: &rest.Config{Host: s.URL}})[0]
	outcome{answer: facts.CouldNotAsk, detail: "interrupted"}.check(t, a)
}
