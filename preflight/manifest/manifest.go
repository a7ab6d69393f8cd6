// Package manifest adds webhooks and policies that are not applied yet to a
// snapshot, as if they were. It reads manifests as kubectl and the API server do.
package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	kjson "sigs.k8s.io/json"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// A Name is a configuration or policy that a manifest holds.
type Name struct{ Kind, Name string }

func (n Name) String() string { return n.Kind + " " + n.Name }

// A Manifest is what one file holds.
type Manifest struct {
	file    string
	objects []object
}

// An object is one of a manifest.
type object struct {
	head
	json []byte
	origin
}

// An origin is where an object stands.
type origin struct {
	// where is the file and the document, for errors.
	where string
	// repeats says which of its keys stands twice; nil for none.
	repeats error
	// text is the document that it stands in.
	text *text
}

func (o origin) item(n int) origin {
	o.where = fmt.Sprintf("%s, item %d", o.where, n)
	return o
}

type head struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name         string `json:"name"`
		GenerateName string `json:"generateName"`
		Namespace    string `json:"namespace"`
	} `json:"metadata"`
}

func (h head) group() string {
	group, _, ok := strings.Cut(h.APIVersion, "/")
	if !ok {
		return ""
	}
	return group
}

func (h head) version() string { return h.APIVersion[strings.LastIndexByte(h.APIVersion, '/')+1:] }

// name is that of the object; where the API server makes one, what it begins with.
func (h head) name() string {
	if h.Metadata.Name == "" {
		return h.Metadata.GenerateName
	}
	return h.Metadata.Name
}

func (h head) String() string { return h.Kind + " " + h.name() }

// admission reports whether o intercepts writes, or is of the group that does.
func (h head) admission() bool { return h.group() == admissionregistrationv1.GroupName }

// Added is what manifests add to a snapshot.
type Added struct {
	// Names are the configurations, policies and bindings that are judged.
	Names []Name
	// Notes say what does nothing as written, what is not served, and what only
	// shows in a cluster; in order.
	Notes []string
	// Doubts say which expressions go by namespaces of which it can't be seen whether
	// there are such: that matters only where the verdict hangs on it.
	Doubts []string
	// Idle says that nothing of it does anything, as written.
	Idle bool
	// Unseen says that more may be registered than the manifests hold, by software
	// that does so when it runs, or by what is rendered elsewhere.
	Unseen bool
	// Others is the snapshot with namespaces and pods that ask for what the manifests
	// hold, of which it can't be seen whether there are such; nil where the cluster is
	// known.
	Others *facts.Snapshot
	texts  map[Name]*text
}

// Read reads a manifest: YAML documents, JSON objects one after the other, and
// lists of either. file names it in errors. It is an error if the file is no
// manifest, or one that has to be rendered first. What the objects say is not
// looked at yet.
func Read(file string, content []byte) (Manifest, error) {
	m := Manifest{file: file}
	documents, err := split(file, content)
	if err != nil {
		return m, fmt.Errorf("%s %w", file, err)
	}
	for _, d := range documents {
		if d.err == nil {
			d.text.file = file
			d.err = m.add(d.value, origin{fmt.Sprintf("%s: document %d", file, d.number), d.repeats, d.text}, 0)
		} else {
			d.err = fmt.Errorf("%s: document %d %w", file, d.number, d.err)
		}
		if d.err != nil {
			return m, d.err
		}
	}
	return m, nil
}

// deepest is how far lists of lists are followed.
const deepest = 8

// add adds the objects of one JSON value: one, or those of a list.
func (m *Manifest) add(value []byte, from origin, depth int) error {
	where := from.where
	if string(value) == "null" {
		return nil
	}
	var h head
	if err := kjson.UnmarshalCaseSensitivePreserveInts(value, &h); err != nil {
		return fmt.Errorf("%s is no Kubernetes object: %w", where, tidy(err))
	}
	if why := unrendered(m.file, h, value); why != "" {
		return fmt.Errorf("%s %s", where, why)
	}
	if h.Kind == "" || h.APIVersion == "" {
		return fmt.Errorf("%s has no %s, so that it is no Kubernetes object", where, missing(h))
	}
	var list struct {
		Items []json.RawMessage `json:"items"`
	}
	if !strings.HasSuffix(h.Kind, "List") || depth > deepest {
		m.objects = append(m.objects, object{h, value, from})
		return nil
	}
	if err := json.Unmarshal(value, &list); err != nil {
		return fmt.Errorf("%s: items of %s: %w", where, h.Kind, tidy(err))
	}
	for n, item := range list.Items {
		if err := m.add(typed(item, h), from.item(n+1), depth+1); err != nil {
			return err
		}
	}
	return nil
}

func missing(h head) string {
	switch {
	case h.Kind != "":
		return "apiVersion"
	case h.APIVersion != "":
		return "kind"
	}
	return "apiVersion and no kind"
}

// typed is the item of a list with the list's own type where it has none of its own.
func typed(item []byte, list head) []byte {
	var fields map[string]json.RawMessage
	kind := strings.TrimSuffix(list.Kind, "List")
	if json.Unmarshal(item, &fields) != nil || kind == "" {
		return item
	}
	for field, value := range map[string]string{"apiVersion": list.APIVersion, "kind": kind} {
		if _, ok := fields[field]; !ok {
			fields[field] = fmt.Appendf(nil, "%q", value)
		}
	}
	b, err := json.Marshal(fields)
	if err != nil {
		return item
	}
	return b
}

// strict reads o as a T: with every field known, by its exact name, and once.
func strict[T any](o object) (*T, error) {
	if o.repeats != nil {
		return nil, fmt.Errorf("%s: %s: %w", o.where, o.head, o.repeats)
	}
	value := new(T)
	unknown, err := kjson.UnmarshalStrict(o.json, value)
	if err == nil && len(unknown) > 0 {
		err = errors.Join(unknown...)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w%s", o.where, o.head, tidy(err), o.hint())
	}
	return value, nil
}

// tidy takes from an error of encoding/json what only a programmer reads.
func tidy(err error) error {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) && kind.Field != "" {
		return fmt.Errorf("%s is a JSON %s, and must be another kind of value", kind.Field, kind.Value)
	}
	if strings.Contains(err.Error(), "illegal base64") {
		return fmt.Errorf("clientConfig.caBundle is no base64: %w", err)
	}
	return errors.New(strings.TrimPrefix(strings.ReplaceAll(err.Error(), "\n", "; "), "json: "))
}

// ErrNothing is of a file without anything to judge.
var ErrNothing = errors.New("holds no webhook configuration, admission policy or binding")

// Registers says who of the objects would register more in a cluster than the manifest
// holds; empty where none is known to.
func (m Manifest) Registers(s *facts.Snapshot) []string {
	a := adder{s: s}
	for _, o := range m.objects {
		a.pointer(o)
	}
	return a.notes
}

// Apply returns s with what the manifests hold, which replaces objects of the same
// name: webhook configurations, policies and bindings, and the Namespaces, Services,
// CustomResourceDefinitions and parameters that decide what those see. whole says
// that s holds all objects that there are, as of a cluster that nobody has touched.
// It is an error if the API server would refuse an object, or if there is nothing
// to judge and nothing to say.
func Apply(s *facts.Snapshot, whole bool, all ...Manifest) (*facts.Snapshot, Added, error) {
	a := adder{s: s, whole: whole, now: servedOf(facts.APIResources.Get(s)), target: servedOf(targetResources(s)), texts: map[Name]*text{},
		validator: sync.OnceValue(func() *validator { return newValidator(s) })}
	if _, absent := s.Absence(facts.BackendPods); absent && whole {
		a.s = s.With(facts.Present(facts.BackendPods, []facts.Pod{}))
	}
	if _, absent := s.Absence(facts.PodGroups); absent && whole {
		a.s = a.s.With(facts.Present(facts.PodGroups, []facts.PodGroup{}))
	}
	for _, m := range all {
		for _, o := range m.objects {
			a.surrounding(o)
		}
	}
	for _, m := range all {
		before := len(a.found)
		a.pointers = nil
		for _, o := range m.objects {
			if err := a.object(o); err != nil {
				return nil, Added{}, err
			}
		}
		if a.err != nil {
			return nil, Added{}, a.err
		}
		if len(a.found) == before {
			return nil, Added{}, fmt.Errorf("%s %w of %s%s", m.file, ErrNothing, admissionregistrationv1.GroupName, a.instead())
		}
	}
	a.params(all)
	others := a.people()
	added := a.added()
	added.Others = others
	return a.unapplied(), added, nil
}
