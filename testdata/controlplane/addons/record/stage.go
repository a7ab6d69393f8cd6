package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
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
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
)

// A stage is a cluster that an add-on is installed on.
type stage struct {
	*rig.Cluster
	// namespace is the release's, registers what it has registered when it is done.
	namespace, registers string
	running              []*controlplane.Process
}

// install applies what was rendered, but for the webhooks; starts the programs behind the
// Services; applies the webhooks and then the policies, and returns when nothing more is
// registered.
func (s *stage) install(ctx context.Context, r recording, all []program, built map[string]string) error {
	objects, err := read(r.text)
	if err != nil {
		return err
	}
	var webhooks, rest []*unstructured.Unstructured
	for _, o := range objects {
		if strings.HasSuffix(o.GetKind(), "WebhookConfiguration") {
			webhooks = append(webhooks, o)
		} else {
			rest = append(rest, o)
		}
	}
	if err := s.apply(ctx, rest); err != nil {
		return err
	}
	for n, p := range all {
		if err := s.start(ctx, n, p, built[p.pkg]); err != nil {
			return err
		}
	}
	if err := s.apply(ctx, webhooks); err != nil {
		return err
	}
	if r.policies != "" {
		objects, err := read(filepath.Join(policies, r.policies))
		if err == nil {
			err = s.apply(ctx, objects)
		}
		if err != nil {
			return err
		}
	}
	return s.settle(ctx)
}

func read(file string) (all []*unstructured.Unstructured, err error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	docs := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(b), 4096)
	for {
		var o unstructured.Unstructured
		switch err := docs.Decode(&o.Object); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, fmt.Errorf("%s: %w", file, err)
		case o.GetKind() != "":
			all = append(all, &o)
		}
	}
}

// apply creates the objects, the ones that others wait for first: what fails is tried
// again until ctx is done, as a custom resource whose definition is not served yet.
func (s *stage) apply(ctx context.Context, objects []*unstructured.Unstructured) error {
	client, err := dynamic.NewForConfig(s.Config)
	if err != nil {
		return err
	}
	served, err := discovery.NewDiscoveryClientForConfig(s.Config)
	if err != nil {
		return err
	}
	kinds := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(served))
	for len(objects) > 0 {
		var left []*unstructured.Unstructured
		var failed error
		for _, o := range objects {
			if err := s.create(ctx, client, kinds, o); err != nil && !apierrors.IsAlreadyExists(err) {
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

func (s *stage) create(ctx context.Context, client dynamic.Interface, kinds meta.RESTMapper, o *unstructured.Unstructured) error {
	kind := o.GroupVersionKind()
	m, err := kinds.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		return err
	}
	if m.Scope.Name() == meta.RESTScopeNameRoot {
		_, err = client.Resource(m.Resource).Create(ctx, o, metav1.CreateOptions{})
		return err
	}
	namespace := o.GetNamespace()
	if namespace == "" {
		namespace = s.namespace
	}
	_, err = client.Resource(m.Resource).Namespace(namespace).Create(ctx, o, metav1.CreateOptions{})
	return err
}

// settled is for how long nothing may have been registered any more.
const settled = 15 * time.Second

// settle returns when what is expected is registered, each webhook has a CA, and nothing
// has changed for a while.
func (s *stage) settle(ctx context.Context) error {
	var before []string
	since := time.Now()
	for {
		now, err := s.registered(ctx)
		if err != nil {
			return err
		}
		expected := slices.ContainsFunc(now, func(name string) bool { return strings.HasPrefix(name, s.registers) })
		if !expected || slices.ContainsFunc(now, withoutCA) || !slices.Equal(now, before) {
			before, since = now, time.Now()
		}
		if time.Since(since) > settled {
			return nil
		}
		if err := controlplane.Pause(ctx, time.Second); err != nil {
			return fmt.Errorf("what it registers does not settle: %w:\n%s", err, strings.Join(now, "\n"))
		}
	}
}

func withoutCA(registered string) bool { return strings.HasSuffix(registered, noCA) }

const noCA = " without a CA"

// registered are the webhooks, and the policies by their bindings, that there are.
func (s *stage) registered(ctx context.Context) (all []string, err error) {
	api := s.Client.AdmissionregistrationV1()
	validating, err := api.ValidatingWebhookConfigurations().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	mutating, err := api.MutatingWebhookConfigurations().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	bindings, err := api.ValidatingAdmissionPolicyBindings().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	webhook := func(name string, generation int64, to admissionregistrationv1.WebhookClientConfig) {
		name = fmt.Sprintf("%s, generation %d", name, generation)
		if len(to.CABundle) == 0 {
			name += noCA
		}
		all = append(all, name)
	}
	for _, c := range validating.Items {
		for _, w := range c.Webhooks {
			webhook(w.Name, c.Generation, w.ClientConfig)
		}
	}
	for _, c := range mutating.Items {
		for _, w := range c.Webhooks {
			webhook(w.Name, c.Generation, w.ClientConfig)
		}
	}
	for _, b := range bindings.Items {
		all = append(all, b.Name)
	}
	return all, nil
}

// said is what the programs said last.
func (s *stage) said() string {
	var b strings.Builder
	for _, p := range s.running {
		fmt.Fprintf(&b, "%s:\n", p.Name)
		for line := range strings.SplitSeq(p.Tail(12), "\n") {
			fmt.Fprintf(&b, "%.400s\n", line)
		}
	}
	return b.String()
}
