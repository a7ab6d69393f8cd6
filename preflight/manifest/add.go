package manifest

import (
	"cmp"
	"fmt"
	"slices"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

// An adder adds objects to a snapshot, one after the other.
type adder struct {
	s     *facts.Snapshot
	whole bool
	// now and target are what is served before and after the upgrade; nil where
	// that is not known.
	now, target serves
	// found are the configurations, policies and bindings, also those that are not
	// served; names those of them that are judged.
	found, names []Name
	// replaces says that one takes the place of what was there.
	replaces bool
	// pointers say what the manifest at hand leads to that is not in it.
	pointers []string
	notes    []string
	// doubts are those of [Added].
	doubts []string
	unseen bool
	err    error
	// texts are where those found stand.
	texts map[Name]*text
	// inhabited are the namespaces of the manifests.
	inhabited []string
	// validator is for all of them: the API server that runs is the same.
	validator func() *validator
}

func (a *adder) note(format string, args ...any) {
	if n := fmt.Sprintf(format, args...); !slices.Contains(a.notes, n) {
		a.notes = append(a.notes, n)
	}
}

// object adds a configuration, policy or binding. Of anything else it notes what
// software would register.
func (a *adder) object(o object) error {
	if !o.admission() {
		a.pointer(o)
		return nil
	}
	switch o.Kind {
	case "ValidatingWebhookConfiguration":
		return put(a, facts.ValidatingWebhooks, o, validateValidatingWebhooks)
	case "MutatingWebhookConfiguration":
		return put(a, facts.MutatingWebhooks, o, validateMutatingWebhooks)
	case "ValidatingAdmissionPolicy":
		return put(a, facts.ValidatingPolicies, o, validateValidatingPolicy)
	case "ValidatingAdmissionPolicyBinding":
		return put(a, facts.ValidatingPolicyBindings, o, validateValidatingBinding)
	case "MutatingAdmissionPolicy":
		return put(a, facts.MutatingPolicies, o, validateMutatingPolicy)
	case "MutatingAdmissionPolicyBinding":
		return put(a, facts.MutatingPolicyBindings, o, validateMutatingBinding)
	}
	return fmt.Errorf("%s: kind %s of %s is not known to this version of gke-preflight", o.where, o.Kind, o.APIVersion)
}

// put reads the object as a T and puts it in its place by name. Policies of alpha
// and beta versions have the fields of v1.
func put[T any](a *adder, k facts.Key[[]T], o object, validate func(*validator, *T) field.ErrorList) error {
	if err := readable(a.s, k); err != nil {
		return fmt.Errorf("%s: %w", o.where, err)
	}
	served, err := a.served(o)
	if err != nil {
		return err
	}
	value, err := strict[T](o)
	if err != nil {
		return err
	}
	admitted(any(value).(metav1.Object))
	if errs := validate(a.validator(), value); len(errs) > 0 {
		return fmt.Errorf("%s: %s: the API server would refuse it: %w%s", o.where, o.head, errs.ToAggregate(), o.hint())
	}
	name := Name{o.Kind, o.name()}
	if slices.Contains(a.found, name) {
		a.note("%s stands twice: the last one counts", name)
	}
	a.found = append(a.found, name)
	a.texts[name] = o.text
	if !served {
		return nil
	}
	any(value).(metav1.Object).SetName(name.Name)
	live, _ := k.Get(a.s)
	all := slices.DeleteFunc(slices.Clone(live), func(v T) bool { return nameOf(&v) == name.Name })
	a.replaces = a.replaces || len(all) < len(live)
	all = append(all, *value)
	slices.SortFunc(all, func(x, y T) int { return cmp.Compare(nameOf(&x), nameOf(&y)) })
	a.s = a.s.With(facts.Present(k, all))
	if !slices.Contains(a.names, name) {
		a.names = append(a.names, name)
	}
	return nil
}

// admitted does to the object what the API server does before it looks at it: it
// makes a name where it is asked to, and takes away the namespace, which no such
// object has (k8s.io/apiserver pkg/registry/rest, BeforeCreate).
func admitted(object metav1.Object) {
	if object.GetName() == "" && object.GetGenerateName() != "" {
		object.SetName(object.GetGenerateName() + "x")
	}
	object.SetNamespace("")
}

func nameOf(object any) string { return object.(metav1.Object).GetName() }

// readable says that nothing can be added to what was not read; nil if it was.
func readable(s *facts.Snapshot, f facts.Fact) error {
	if a, absent := s.Absence(f); absent && a.Reason != facts.NotCollected && a.Reason != facts.EarlierVersion {
		return fmt.Errorf("can't be added to what was not read: %s (%s)", f.ID(), a)
	}
	return nil
}

// served reports whether the kind is served before or after the upgrade, and notes
// where the version is not. An object of a kind that neither serves can't be
// there; one of a version that neither serves is judged as it is in v1.
func (a *adder) served(o object) (bool, error) {
	webhooks := o.Kind == "ValidatingWebhookConfiguration" || o.Kind == "MutatingWebhookConfiguration"
	if webhooks && o.version() != "v1" {
		return false, fmt.Errorf("%s: %s: apiVersion: %s is not served, by no Kubernetes since 1.22: write it as %s", o.where, o.head, o.APIVersion, admissionregistrationv1.SchemeGroupVersion)
	}
	if !slices.Contains([]string{"v1", "v1beta1", "v1alpha1"}, o.version()) {
		return false, fmt.Errorf("%s: %s: apiVersion: %s is not known to this version of gke-preflight", o.where, o.head, o.APIVersion)
	}
	now, target := a.now, a.target
	switch {
	case now == nil || target == nil:
	case now(o.head, o.version()):
	case target(o.head, o.version()):
		a.note("%s %s of %s is served from %s on: it can be applied once the upgrade is done, and is judged as if it were there", o.Kind, o.name(), o.APIVersion, targetLine(a.s))
	case now(o.head, "") || target(o.head, ""):
		a.note("%s %s is written as %s, which is not served, so that kubectl would refuse it; it is judged as what v1 would make of it", o.Kind, o.name(), o.APIVersion)
	default:
		a.note("%s %s is not judged: neither the running version nor %s serves the kind as they come, and GKE keeps it so", o.Kind, o.name(), targetLine(a.s))
		return false, nil
	}
	return true, nil
}

// serves tells whether a kind is served in a version, or in any if that is empty.
type serves func(h head, version string) bool

// servedOf returns nil if it is not known what is served.
func servedOf(resources []facts.APIResource, known bool) serves {
	if !known || !slices.ContainsFunc(resources, func(r facts.APIResource) bool { return r.Group == admissionregistrationv1.GroupName }) {
		return nil
	}
	return func(h head, version string) bool {
		return slices.ContainsFunc(resources, func(r facts.APIResource) bool {
			return r.Group == h.group() && r.Kind == h.Kind && (version == "" || r.Version == version)
		})
	}
}

// targetResources are what the target serves as it comes.
func targetResources(s *facts.Snapshot) ([]facts.APIResource, bool) {
	observations, ok := bootstrap.Untouched(targetLine(s))
	if !ok {
		return nil, false
	}
	return facts.APIResources.Get(facts.New(facts.Meta{}, observations...))
}

func targetLine(s *facts.Snapshot) string {
	v, err := version.Parse(s.Meta.Target)
	if err != nil {
		return s.Meta.Target
	}
	return v.Line()
}
