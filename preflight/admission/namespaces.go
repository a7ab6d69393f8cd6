package admission

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	informerscore "k8s.io/client-go/informers/core"
	informerscorev1 "k8s.io/client-go/informers/core/v1"
	listerscorev1 "k8s.io/client-go/listers/core/v1"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// namespaces are the cluster's namespaces, as a lister that the API server's
// packages take. A namespace that does not exist is returned as it will be: the
// API server creates its own namespaces before it writes into them, and gives
// each the label kubernetes.io/metadata.name.
type namespaces struct {
	byName map[string]*corev1.Namespace
	// examples are those that stand for others by other names.
	examples map[string]bool
	// unlisted have pods, and were not there when namespaces were read.
	unlisted map[string]bool
	// absence says why the namespaces could not be read; empty if they were.
	absence string
}

func namespacesOf(s *facts.Snapshot) namespaces {
	ns := namespaces{byName: map[string]*corev1.Namespace{}, examples: map[string]bool{}, unlisted: map[string]bool{}}
	if a, absent := s.Absence(facts.Namespaces); absent {
		ns.absence = a.String()
		return ns
	}
	for _, n := range facts.Namespaces.Of(s) {
		phase := corev1.NamespaceActive
		if n.Terminating {
			phase = corev1.NamespaceTerminating
		}
		ns.examples[n.Name] = n.Example
		ns.byName[n.Name] = &corev1.Namespace{
			ObjectMeta: metav1.ObjectMeta{Name: n.Name, Labels: n.Labels},
			Status:     corev1.NamespaceStatus{Phase: phase},
		}
	}
	groups, _ := facts.PodGroups.Get(s)
	for _, g := range groups {
		if ns.byName[g.Namespace] == nil && !slices.Contains(ofAPIServer, g.Namespace) {
			ns.unlisted[g.Namespace] = true
		}
	}
	return ns
}

// ofAPIServer are the namespaces that the API server makes where they are missing
// (kubernetes pkg/controlplane/controller/systemnamespaces/system_namespaces_controller.go).
var ofAPIServer = []string{metav1.NamespaceSystem, metav1.NamespacePublic, corev1.NamespaceNodeLease, metav1.NamespaceDefault}

// Get implements listerscorev1.NamespaceLister.
func (ns namespaces) Get(name string) (*corev1.Namespace, error) {
	if n, ok := ns.byName[name]; ok {
		return n, nil
	}
	return &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{corev1.LabelMetadataName: name}},
		Status:     corev1.NamespaceStatus{Phase: corev1.NamespaceActive},
	}, nil
}

// List implements listerscorev1.NamespaceLister. Matching looks up single namespaces only.
func (namespaces) List(labels.Selector) ([]*corev1.Namespace, error) { return nil, nil }

// unknown says why the selector can't be held against the namespace; empty if it can: the
// labels are known, or it asks for nothing but the name.
func (ns namespaces) unknown(name string, s *metav1.LabelSelector) string {
	switch {
	case s == nil || !slices.ContainsFunc(requirements(s), func(q metav1.LabelSelectorRequirement) bool { return q.Key != corev1.LabelMetadataName }):
		return ""
	case ns.absence != "":
		return fmt.Sprintf("its namespaceSelector needs the labels of namespace %s: could not read namespaces (%s)", name, ns.absence)
	case ns.unlisted[name]:
		return fmt.Sprintf("its namespaceSelector needs the labels of namespace %s, which was not there when namespaces were read", name)
	}
	return ""
}

// informerFactory gives the API server's webhook plugin its lister of
// namespaces, and nothing else: no informer runs.
type informerFactory struct {
	informers.SharedInformerFactory
	namespaces
}

func (f informerFactory) Core() informerscore.Interface { return coreInformers{nil, f.namespaces} }

type coreInformers struct {
	informerscore.Interface
	namespaces
}

func (c coreInformers) V1() informerscorev1.Interface { return coreV1Informers{nil, c.namespaces} }

type coreV1Informers struct {
	informerscorev1.Interface
	namespaces
}

func (c coreV1Informers) Namespaces() informerscorev1.TypedNamespaceInformer {
	return namespaceInformer{nil, c.namespaces}
}

type namespaceInformer struct {
	informerscorev1.TypedNamespaceInformer
	namespaces
}

func (i namespaceInformer) Lister() listerscorev1.NamespaceLister { return i.namespaces }
