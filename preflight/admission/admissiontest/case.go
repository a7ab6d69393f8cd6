// Package admissiontest reads the cases that say which webhooks and policies
// see which write: txtar archives that hold the facts of a small cluster and a
// list of writes with what is expected of each. The same cases can be held
// against this module's matcher and against a real API server.
package admissiontest

import (
	"fmt"
	"io/fs"
	"path"
	"strings"

	"golang.org/x/tools/txtar"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// A Case is one archive.
type Case struct {
	// Name is the file's without its extension, About the text at its head.
	Name, About string
	Snapshot    *facts.Snapshot
	Writes      []Write
}

// A Write is a write with what is expected of it.
type Write struct {
	bootstrap.Write
	// Want holds a line as [Line] writes it for each interception, in order.
	Want []string
}

// Load reads every archive NAME.txtar of fsys. base.txtar is no case: it holds
// the facts that a case does not have itself. The file writes.yaml of a case
// lists its writes:
//
//	# verb, resource.version.group[/subresource], [namespace/]name
//	- write: UPDATE configmaps.v1. kube-system/settings
//	  kind: ConfigMap
//	  # system:apiserver with its groups if left out
//	  user: {name: me, groups: [system:authenticated]}
//	  # apiVersion, kind, name and namespace are filled in
//	  object: {data: {a: b}}
//	  # the object if left out
//	  oldObject: {}
//	  want:
//	  - ValidatingWebhookConfiguration configuration/webhook
func Load(fsys fs.FS) ([]Case, error) {
	base, err := fs.ReadFile(fsys, "base.txtar")
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(fsys, "*.txtar")
	if err != nil {
		return nil, err
	}
	var cases []Case
	for _, name := range names {
		if name == "base.txtar" {
			continue
		}
		b, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		c, err := read(strings.TrimSuffix(name, ".txtar"), txtar.Parse(b), txtar.Parse(base))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		cases = append(cases, c)
	}
	return cases, nil
}

func read(name string, own, base *txtar.Archive) (Case, error) {
	c := Case{Name: name, About: string(own.Comment)}
	if err := plain(own); err != nil {
		return c, err
	}
	var writes []byte
	has := map[string]bool{}
	for _, f := range own.Files {
		has[strings.TrimSuffix(f.Name, path.Ext(f.Name))] = true
		if f.Name == "writes.yaml" {
			writes = f.Data
		}
	}
	for _, f := range base.Files {
		if !has[strings.TrimSuffix(f.Name, path.Ext(f.Name))] {
			own.Files = append(own.Files, f)
		}
	}
	files, err := txtar.FS(own)
	if err != nil {
		return c, err
	}
	if c.Snapshot, err = facts.Load(files); err != nil {
		return c, err
	}
	var rows []row
	if err := yaml.UnmarshalStrict(writes, &rows); err != nil {
		return c, err
	}
	for _, r := range rows {
		w, err := r.write()
		if err != nil {
			return c, err
		}
		c.Writes = append(c.Writes, w)
	}
	return c, nil
}

// plain writes out what a YAML file says by anchors and merge keys, which facts
// are not read with.
func plain(a *txtar.Archive) error {
	for n, f := range a.Files {
		if path.Ext(f.Name) != ".yaml" {
			continue
		}
		b, err := yaml.YAMLToJSON(f.Data)
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		a.Files[n].Data = b
	}
	return nil
}

type row struct {
	Write     string          `json:"write"`
	Kind      string          `json:"kind"`
	User      *bootstrap.User `json:"user"`
	Object    map[string]any  `json:"object"`
	OldObject map[string]any  `json:"oldObject"`
	Want      []string        `json:"want"`
}

func (r row) write() (Write, error) {
	var op, resource, name string
	if n, err := fmt.Sscan(r.Write, &op, &resource, &name); n != 3 {
		return Write{}, fmt.Errorf("write %q is not VERB resource.version.group name: %w", r.Write, err)
	}
	resource, subresource, _ := strings.Cut(resource, "/")
	parts := strings.SplitN(resource, ".", 3)
	if len(parts) != 3 {
		return Write{}, fmt.Errorf("write %q names no resource.version.group", r.Write)
	}
	w := Write{Want: r.Want, Write: bootstrap.Write{
		Operation: bootstrap.Operation(op), Subresource: subresource, User: bootstrap.Loopback,
		Resource: schema.GroupVersionResource{Group: parts[2], Version: parts[1], Resource: parts[0]},
	}}
	w.Kind = w.Resource.GroupVersion().WithKind(r.Kind)
	w.Namespace, w.Name = path.Split(name)
	w.Namespace = strings.TrimSuffix(w.Namespace, "/")
	if r.User != nil {
		w.User = *r.User
	}
	if op != "DELETE" {
		w.Object = w.object(r.Object)
	}
	if op != "CREATE" {
		old := r.OldObject
		if old == nil {
			old = r.Object
		}
		w.OldObject = w.object(old)
	}
	return w, nil
}

func (w Write) object(content map[string]any) *unstructured.Unstructured {
	o := &unstructured.Unstructured{Object: map[string]any{}}
	if content != nil {
		b, _ := yaml.Marshal(content)
		_ = utilyaml.Unmarshal(b, &o.Object)
	}
	o.SetGroupVersionKind(w.Kind)
	o.SetName(w.Name)
	o.SetNamespace(w.Namespace)
	return o
}

// Line writes an interception in one line: kind, name/webhook, and what else is
// to be said of it.
func Line(w bootstrap.Write, i admission.Interception) string {
	s := fmt.Sprintf("%s %s/%s", i.Kind, i.Name, i.Webhook)
	if i.Resource != w.Resource && !i.Resource.Empty() {
		s += " as " + i.Resource.GroupVersion().String()
	}
	if i.Mutates {
		s += " mutates"
	}
	if i.Reinvoked {
		s += " reinvoked"
	}
	if i.Denial != "" {
		s += "; denied: " + i.Denial
	}
	if i.Undecided != "" {
		s += "; undecided: " + i.Undecided
	}
	if i.AtStart != "" {
		s += "; at start: " + i.AtStart
	}
	return s
}
