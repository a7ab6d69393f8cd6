package lifeline

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
)

// Found is what was read for a [bootstrap.Source].
type Found struct {
	// Object is nil where it could not be read, or is gone.
	Object *unstructured.Unstructured
	// Why says why it could not be read; empty where it was, and where it is gone.
	Why string
	// Maker has the template that it was made from; nil where that could not be read.
	Maker *unstructured.Unstructured
}

// Real returns the write that the sketch w stands for, made from the object that was read
// for one of its sources; false where there is none. Neither may be changed.
func Real(w bootstrap.Write, f Found) (bootstrap.Write, bool) {
	if f.Object == nil {
		return w, false
	}
	real := w
	real.For, real.From, real.Sketch, real.Labels = &w, nil, false, bootstrap.Labels{}
	real.Namespace, real.Name = f.Object.GetNamespace(), f.Object.GetName()
	real.Shown = f.Object.GetKind() + " " + path(f.Object)
	real.User = byItsNode(w.User, f.Object)
	live := f.Object.DeepCopy()
	switch {
	case w.Resource == evict.resource && w.Subresource == evict.subresource:
		real.Object = object{namespace: real.Namespace, name: real.Name}.of(evict.kind)
		real.Shown = "eviction of " + real.Shown
	case w.Operation == bootstrap.Delete:
		real.Object, real.OldObject = nil, live
	case w.Operation == bootstrap.Update:
		real.Object, real.OldObject = live, live.DeepCopy()
		changed(w, real.Object)
	case w.Resource == pod.resource:
		again, as := anew(live, f.Maker)
		real.Object, real.OldObject, real.Name = again, nil, again.GetName()
		real.Shown += ", made anew " + as
	default:
		real.Object, real.OldObject = unborn(live), nil
		real.Shown += ", made anew as it is"
	}
	return real, true
}

func path(o *unstructured.Unstructured) string {
	if o.GetNamespace() == "" {
		return o.GetName()
	}
	return o.GetNamespace() + "/" + o.GetName()
}

// byItsNode is the kubelet of the object's own node, where the write is a kubelet's.
func byItsNode(u bootstrap.User, o *unstructured.Unstructured) bootstrap.User {
	own, _, _ := unstructured.NestedString(o.Object, "spec", "nodeName")
	if own == "" || !strings.HasPrefix(u.Name, kubelet("").Name) {
		return u
	}
	return kubelet(own)
}

// ofServer are the fields of metadata that the API server sets.
var ofServer = []string{"uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "selfLink", "deletionTimestamp", "deletionGracePeriodSeconds"}

// unborn is what a client sends for an object to be as it is: without what the API server
// and those who come after the client have added. Of a node that is the cloud's labels, and
// what controllers mark it with; its status it sends along (kubernetes
// pkg/kubelet/kubelet_node_status.go, initialNode).
func unborn(o *unstructured.Unstructured) *unstructured.Unstructured {
	for _, f := range ofServer {
		unstructured.RemoveNestedField(o.Object, "metadata", f)
	}
	if o.GroupVersionKind() != node.kind {
		delete(o.Object, "status")
		o.SetFinalizers(nil)
		return o
	}
	for _, f := range []string{"podCIDR", "podCIDRs", "unschedulable"} {
		unstructured.RemoveNestedField(o.Object, "spec", f)
	}
	labels := o.GetLabels()
	for k := range ofClouds("") {
		delete(labels, k)
	}
	o.SetLabels(labels)
	return o
}

// anew is the pod as its controller makes another in its place, and says in words how that
// is known. From the template it is as the controller makes it (kubernetes
// pkg/controller/controller_utils.go, GetPodFromTemplate), with what the API server's own
// plugins add before any webhook is called. Where the template could not be read it is the
// pod itself, with what webhooks have made of it.
func anew(live, maker *unstructured.Unstructured) (again *unstructured.Unstructured, as string) {
	template := map[string]any{}
	if maker != nil {
		template, _, _ = unstructured.NestedMap(maker.Object, "spec", "template")
	}
	spec, _, _ := unstructured.NestedMap(template, "spec")
	if spec == nil {
		again = unborn(live)
		for _, f := range []string{"nodeName", "ephemeralContainers"} {
			unstructured.RemoveNestedField(again.Object, "spec", f)
		}
		unname(again)
		again.Object["status"] = map[string]any{}
		return again, "as it is, for its template could not be read"
	}
	again = &unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{}, "spec": spec, "status": map[string]any{}}}
	again.SetGroupVersionKind(pod.kind)
	again.SetNamespace(live.GetNamespace())
	again.SetName(live.GetName())
	again.SetGenerateName(live.GetGenerateName())
	again.SetOwnerReferences(live.GetOwnerReferences())
	labels, _, _ := unstructured.NestedStringMap(template, "metadata", "labels")
	annotations, _, _ := unstructured.NestedStringMap(template, "metadata", "annotations")
	finalizers, _, _ := unstructured.NestedStringSlice(template, "metadata", "finalizers")
	again.SetLabels(withOwn(labels, live.GetLabels()))
	again.SetAnnotations(annotations)
	again.SetFinalizers(finalizers)
	unname(again)
	completed(again, live)
	return again, fmt.Sprintf("as %s %s has it", maker.GetKind(), maker.GetName())
}

// unname takes the name from a pod that gets a new one.
func unname(p *unstructured.Unstructured) {
	if p.GetGenerateName() != "" {
		unstructured.RemoveNestedField(p.Object, "metadata", "name")
	}
}

// withOwn are the labels of a template and those that controllers add to them.
func withOwn(labels, live map[string]string) map[string]string {
	for _, own := range ofPods {
		for k := range own {
			if v, ok := live[k]; ok {
				if labels == nil {
					labels = map[string]string{}
				}
				labels[k] = v
			}
		}
	}
	return labels
}

// filled are the fields of a pod that its controller (kubernetes
// pkg/controller/daemon/util/daemonset_util.go and pkg/controller/statefulset/stateful_set_utils.go)
// or the API server's plugins fill in before webhooks are called (kubernetes
// pkg/kubeapiserver/options/plugins.go, AllOrderedPlugins: ServiceAccount, Priority and
// DefaultTolerationSeconds come before).
var filled = []string{"hostname", "subdomain", "serviceAccountName", "serviceAccount", "imagePullSecrets", "priority", "preemptionPolicy", "tolerations", "enableServiceLinks", "schedulerName"}

// completed gives the pod what the live one has of that.
func completed(again, live *unstructured.Unstructured) {
	spec, _, _ := unstructured.NestedMap(live.Object, "spec")
	mine := again.Object["spec"].(map[string]any)
	for _, f := range filled {
		if v, ok := spec[f]; ok {
			mine[f] = v
		}
	}
	if v, ok := spec["affinity"]; ok && madeBy(live, daemonSet) {
		mine["affinity"] = v
	}
	volumes, added := addedVolumes(mine, spec)
	if len(added) == 0 {
		return
	}
	mine["volumes"] = volumes
	mounts := map[string][]any{}
	for _, kind := range []string{"initContainers", "containers"} {
		each(spec, kind, func(c map[string]any) {
			for _, m := range list(c, "volumeMounts") {
				if added[nameOf(m)] {
					mounts[nameOf(c)] = append(mounts[nameOf(c)], m)
				}
			}
		})
	}
	for _, kind := range []string{"initContainers", "containers"} {
		each(mine, kind, func(c map[string]any) {
			if own := mounts[nameOf(c)]; own != nil {
				c["volumeMounts"] = append(list(c, "volumeMounts"), own...)
			}
		})
	}
}

// addedVolumes are those of the template with the token's volume and a StatefulSet's
// claims, and the names of what was added.
func addedVolumes(template, live map[string]any) (all []any, added map[string]bool) {
	had := map[string]bool{}
	all = list(template, "volumes")
	for _, v := range all {
		had[nameOf(v)] = true
	}
	added = map[string]bool{}
	each(live, "volumes", func(v map[string]any) {
		_, claim := v["persistentVolumeClaim"]
		if !had[nameOf(v)] && (claim || strings.HasPrefix(nameOf(v), "kube-api-access-")) {
			all = append(all, v)
			added[nameOf(v)] = strings.HasPrefix(nameOf(v), "kube-api-access-")
		}
	})
	return all, added
}

func madeBy(p *unstructured.Unstructured, kind string) bool {
	for _, o := range p.GetOwnerReferences() {
		if o.Controller != nil && *o.Controller {
			return o.Kind == kind
		}
	}
	return false
}

func list(of map[string]any, field string) []any {
	l, _ := of[field].([]any)
	return l
}

func each(of map[string]any, field string, do func(map[string]any)) {
	for _, v := range list(of, field) {
		if m, ok := v.(map[string]any); ok {
			do(m)
		}
	}
}

func nameOf(v any) string {
	m, _ := v.(map[string]any)
	s, _ := m["name"].(string)
	return s
}
