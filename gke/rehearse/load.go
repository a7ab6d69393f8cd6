package rehearse

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/preflight/rehearsal"
)

// loaders is how many requests are made at a time. More gains nothing: one etcd and one
// server take the machine's cores themselves.
const loaders = 16

// A loader makes an API server hold objects as they are.
type loader struct {
	config *rest.Config
	client dynamic.Interface
	mapper meta.RESTMapper

	mu       sync.Mutex
	objects  int
	rejected []string
}

func newLoader(config *rest.Config) (*loader, error) {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	disco, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, err
	}
	groups, err := restmapper.GetAPIGroupResources(disco)
	if err != nil {
		return nil, fmt.Errorf("ask what the API server serves: %w", err)
	}
	return &loader{config: config, client: client, mapper: restmapper.NewDiscoveryRESTMapper(groups)}, nil
}

// learnsWithin is how long the kinds that are defined may take to be served.
const learnsWithin = 20 * time.Second

// learn waits until the kinds are served that the objects define. One that is not in time,
// as where its names are taken, counts as rejected.
func (l *loader) learn(ctx context.Context, objects []*unstructured.Unstructured) error {
	until := time.Now().Add(learnsWithin)
	for _, o := range objects {
		group, _, _ := unstructured.NestedString(o.Object, "spec", "group")
		kind, _, _ := unstructured.NestedString(o.Object, "spec", "names", "kind")
		plural, _, _ := strings.Cut(o.GetName(), ".")
		if o.GetKind() != "CustomResourceDefinition" || slices.ContainsFunc(l.rejected, func(r string) bool { return strings.HasPrefix(r, named(o)+":") }) {
			continue
		}
		for {
			m, err := l.mapper.RESTMapping(schema.GroupKind{Group: group, Kind: kind})
			if err == nil && m.Resource.Resource == plural {
				break
			}
			if time.Now().After(until) {
				l.reject(o, errors.New("it is not served, as where its names are another's"))
				break
			}
			if err := controlplane.Pause(ctx, 200*time.Millisecond); err != nil {
				return err
			}
			again, err := newLoader(l.config)
			if err != nil {
				return err
			}
			l.mapper = again.mapper
		}
	}
	return nil
}

// A place is where objects of one kind and namespace are.
type place struct {
	resource  schema.GroupVersionResource
	namespace string
}

// load creates the objects of the step, and where the server made one itself at its
// first start, replaces it. Server-side apply would be wrong: it leaves labels and
// annotations that the recording lacks, and these are what hooks compare.
func (l *loader) load(ctx context.Context, step rehearsal.Step) error {
	kept := map[place]map[string]bool{}
	g, loading := errgroup.WithContext(ctx)
	g.SetLimit(loaders)
	for _, o := range step.Objects {
		at, served, err := l.place(o)
		if err != nil {
			l.reject(o, err)
			continue
		}
		if kept[at] == nil {
			kept[at] = map[string]bool{}
		}
		kept[at][o.GetName()] = true
		g.Go(func() error { return l.take(loading, at, served) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	if err := l.learn(ctx, step.Objects); err != nil {
		return err
	}
	if err := l.remove(ctx, step.Gone); err != nil || !step.Exact {
		return err
	}
	for at, names := range kept {
		if err := l.prune(ctx, at, step.Among, names); err != nil {
			return err
		}
	}
	return nil
}

// place is where the object belongs, with the object in a version that is served there.
func (l *loader) place(o *unstructured.Unstructured) (place, *unstructured.Unstructured, error) {
	kind := o.GroupVersionKind()
	m, err := l.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		if m, err = l.mapper.RESTMapping(kind.GroupKind()); err != nil {
			return place{}, nil, err
		}
	}
	o = o.DeepCopy()
	o.SetGroupVersionKind(m.GroupVersionKind)
	return place{m.Resource, o.GetNamespace()}, o, nil
}

func (l *loader) at(p place) dynamic.ResourceInterface {
	return l.client.Resource(p.resource).Namespace(p.namespace) // "" is right for cluster scope
}

// take puts the object there. That it is rejected is no error: it is told.
func (l *loader) take(ctx context.Context, at place, o *unstructured.Unstructured) error {
	err := put(ctx, l.at(at), o)
	var answer apierrors.APIStatus
	switch {
	case err == nil:
		l.mu.Lock()
		defer l.mu.Unlock()
		l.objects++
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &answer):
		l.reject(o, err)
		return nil
	}
	return fmt.Errorf("load %s: %w", named(o), err)
}

func put(ctx context.Context, r dynamic.ResourceInterface, o *unstructured.Unstructured) error {
	_, err := r.Create(ctx, o, metav1.CreateOptions{})
	for range 5 { // a controller of the server may write in between
		if !apierrors.IsAlreadyExists(err) && !apierrors.IsConflict(err) {
			return err
		}
		var live *unstructured.Unstructured
		if live, err = r.Get(ctx, o.GetName(), metav1.GetOptions{}); err != nil {
			return err
		}
		o.SetResourceVersion(live.GetResourceVersion())
		_, err = r.Update(ctx, o, metav1.UpdateOptions{})
	}
	return err
}

// prune deletes what is there beside the names, among what has the label; all if that is
// empty.
func (l *loader) prune(ctx context.Context, at place, among string, names map[string]bool) error {
	have, err := l.at(at).List(ctx, metav1.ListOptions{LabelSelector: among})
	if err != nil {
		return err
	}
	for _, o := range have.Items {
		if names[o.GetName()] {
			continue
		}
		if err := l.at(at).Delete(ctx, o.GetName(), metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			return err
		}
	}
	return nil
}

// remove takes the objects away. Of a kind that is not served there are none.
func (l *loader) remove(ctx context.Context, objects []*unstructured.Unstructured) error {
	for _, o := range objects {
		at, _, err := l.place(o)
		if err != nil {
			continue
		}
		if err := l.at(at).Delete(ctx, o.GetName(), metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			return err
		}
	}
	return nil
}

func (l *loader) reject(o *unstructured.Unstructured, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rejected = append(l.rejected, fmt.Sprintf("%s: %v", named(o), err))
}

func (l *loader) loaded() (objects int, rejected []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	rejected = slices.Clone(l.rejected)
	slices.Sort(rejected)
	return l.objects, slices.Compact(rejected)
}

func named(o *unstructured.Unstructured) string {
	if o.GetNamespace() == "" {
		return o.GetKind() + " " + o.GetName()
	}
	return o.GetKind() + " " + o.GetNamespace() + "/" + o.GetName()
}
