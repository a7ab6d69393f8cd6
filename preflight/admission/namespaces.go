package admission

import (
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
	// absence says why the namespaces could not be read; empty if they were.
	absence string
}

func namespacesOf(s *facts.Snapshot) namespaces {
	ns := namespaces{byName: map[string]*corev1.Namespace{}, examples: map[string]bool{}}
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
	return ns
}

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

// decide reports whether the selector can be held against any namespace: all are
// known, or it asks for nothing but the name.
func (ns namespaces) decide(s *metav1.LabelSelector) bool {
	if ns.absence == "" || s == nil {
		return true
	}
	for k := range s.MatchLabels {
		if k != corev1.LabelMetadataName {
			return false
		}
	}
	for _, e := range s.MatchExpressions {
		if e.Key != corev1.LabelMetadataName {
			return false
		}
	}
	return true
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
