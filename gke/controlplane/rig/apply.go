package rig

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/restmapper"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
)

// Objects are those of a manifest of YAML or JSON documents, without the empty ones.
func Objects(manifest []byte) (all []*unstructured.Unstructured, err error) {
	docs := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(manifest), 4096)
	for {
		var o unstructured.Unstructured
		switch err := docs.Decode(&o.Object); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, err
		case o.GetKind() != "":
			all = append(all, &o)
		}
	}
}

// Apply creates the objects, in namespace where they are in one and name none. What fails
// is tried again until ctx is done, as a custom resource whose definition is not served
// yet; what is there already is left as it is.
func (c *Cluster) Apply(ctx context.Context, namespace string, objects []*unstructured.Unstructured) error {
	client, err := dynamic.NewForConfig(c.Config)
	if err != nil {
		return err
	}
	served, err := discovery.NewDiscoveryClientForConfig(c.Config)
	if err != nil {
		return err
	}
	kinds := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(served))
	for len(objects) > 0 {
		var left []*unstructured.Unstructured
		var failed error
		for _, o := range objects {
			if err := create(ctx, client, kinds, namespace, o); err != nil && !apierrors.IsAlreadyExists(err) {
				left, failed = append(left, o), fmt.Errorf("%s %s: %w", o.GetKind(), o.GetName(), err)
			}
		}
		if len(left) > 0 {
			if err := controlplane.Pause(ctx, time.Second); err != nil {
				return failed
			}
			kinds.Reset()
		}
		objects = left
	}
	return nil
}

func create(ctx context.Context, client dynamic.Interface, kinds meta.RESTMapper, namespace string, o *unstructured.Unstructured) error {
	kind := o.GroupVersionKind()
	m, err := kinds.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		return err
	}
	if m.Scope.Name() == meta.RESTScopeNameRoot {
		_, err = client.Resource(m.Resource).Create(ctx, o, metav1.CreateOptions{})
		return err
	}
	if o.GetNamespace() != "" {
		namespace = o.GetNamespace()
	}
	_, err = client.Resource(m.Resource).Namespace(namespace).Create(ctx, o, metav1.CreateOptions{})
	return err
}
