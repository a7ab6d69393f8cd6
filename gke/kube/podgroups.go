package kube

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// longGrace is the longest grace period that no check asks about, in seconds.
const longGrace = 600

type groupName struct{ namespace, kind, name string }

// sums are the pods seen so far, by what made them.
type sums struct {
	// pools are those of the nodes, volumes the kinds of the claims' volumes, and gke the
	// namespaces that GKE marks; nil where those could not be read.
	pools    map[string]string
	places   *places
	volumes  map[string]string
	gke      map[string]bool
	groups   map[groupName]*facts.PodGroup
	details  map[groupName]*facts.PodDetail
	requests map[string]*facts.NodeRequest
	images   map[imageOf]*facts.Image
	plugins  map[groupName]*facts.NetworkPlugin
	// scratch holds what is special about a pod until it is known whether anything is.
	scratch facts.PodDetail
}

func newSums(pools map[string]string, where *places, volumes map[string]string, gke map[string]bool) *sums {
	return &sums{pools: pools, places: where, volumes: volumes, gke: gke, groups: map[groupName]*facts.PodGroup{}, details: map[groupName]*facts.PodDetail{},
		requests: map[string]*facts.NodeRequest{}, images: map[imageOf]*facts.Image{}, plugins: map[groupName]*facts.NetworkPlugin{}}
}

func (s *sums) all() []facts.PodGroup { return byKey(s.groups, groupName.compare) }

func (g groupName) compare(other groupName) int {
	return cmp.Or(strings.Compare(g.namespace, other.namespace), strings.Compare(g.kind, other.kind), strings.Compare(g.name, other.name))
}

// byKey are what m holds, in the order of its keys.
func byKey[K comparable, V any](m map[K]*V, compare func(a, b K) int) []V {
	out := make([]V, 0, len(m))
	for _, key := range slices.SortedFunc(maps.Keys(m), compare) {
		out = append(out, *m[key])
	}
	return out
}

func (s *sums) add(p *corev1.Pod) {
	kind, name := maker(p)
	if p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed {
		return
	}
	s.addRequests(p, kind)
	if kind == "Node" {
		return
	}
	key := groupName{p.Namespace, kind, name}
	g := s.groups[key]
	if g == nil {
		g = &facts.PodGroup{Namespace: p.Namespace, Kind: kind, Name: name, Example: p.Name, Keeper: s.keeper(p), Labels: maps.Clone(p.Labels)}
		s.groups[key] = g
	}
	g.Example = min(g.Example, p.Name)
	g.Pods++
	if slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool { return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue }) {
		g.Ready++
	}
	maps.DeleteFunc(g.Labels, func(k, v string) bool { other, ok := p.Labels[k]; return !ok || other != v })
	if s.pools != nil {
		if g.Pools == nil {
			g.Pools = map[string]int32{}
		}
		g.Pools[s.pools[p.Spec.NodeName]]++
	}
	if t := p.Spec.TerminationGracePeriodSeconds; t != nil && *t > longGrace {
		g.GraceSeconds = max(g.GraceSeconds, *t)
	}
	s.addStorage(g, p)
	s.addImages(key, g, p)
	s.addDetail(key, p)
	if kind == "DaemonSet" {
		s.addPlugin(key, p)
	} else {
		addPlaces(g, p)
	}
}

// maker is what made the pod. A Deployment names its ReplicaSets after itself
// and the hash of the template, which their pods carry as a label (kubernetes
// pkg/controller/deployment/sync.go, getNewReplicaSet).
func maker(p *corev1.Pod) (kind, name string) {
	owner := metav1.GetControllerOfNoCopy(p)
	if owner == nil {
		return "Pod", p.Name
	}
	hash := p.Labels[appsv1.DefaultDeploymentUniqueLabelKey]
	if deployment, ok := strings.CutSuffix(owner.Name, "-"+hash); ok && hash != "" && owner.Kind == "ReplicaSet" {
		return "Deployment", deployment
	}
	return owner.Kind, owner.Name
}

func (s *sums) addStorage(g *facts.PodGroup, p *corev1.Pod) {
	for _, v := range p.Spec.Volumes {
		switch {
		case v.EmptyDir != nil && v.EmptyDir.Medium == corev1.StorageMediumDefault:
			g.EmptyDir = cmp.Or(g.EmptyDir, v.Name)
		case v.HostPath != nil && isData(*v.HostPath) && written(p, v.Name):
			g.HostPath = cmp.Or(g.HostPath, v.HostPath.Path)
		case v.PersistentVolumeClaim != nil && s.volumes[p.Namespace+"/"+v.PersistentVolumeClaim.ClaimName] == onNode:
			g.LocalClaim = first(g.LocalClaim, v.PersistentVolumeClaim.ClaimName)
		case v.Ephemeral != nil && s.volumes[p.Namespace+"/"+p.Name+"-"+v.Name] == onNode:
			g.LocalClaim = first(g.LocalClaim, p.Name+"-"+v.Name)
		}
	}
}

// first is the one that comes first, whatever the order of the pods.
func first(a, b string) string {
	if a == "" {
		return b
	}
	return min(a, b)
}

// directories of a node that pods reach into for what is there, not to keep data.
var systemPaths = []string{"/bin", "/boot", "/dev", "/etc", "/home/kubernetes", "/lib", "/proc", "/run", "/sys", "/usr", "/var/lib/containerd", "/var/lib/docker", "/var/lib/kubelet", "/var/log", "/var/run"}

func isData(h corev1.HostPathVolumeSource) bool {
	if h.Type != nil && *h.Type != corev1.HostPathUnset && *h.Type != corev1.HostPathDirectory && *h.Type != corev1.HostPathDirectoryOrCreate {
		return false
	}
	return h.Path != "/" && !slices.ContainsFunc(systemPaths, func(s string) bool { return h.Path == s || strings.HasPrefix(h.Path, s+"/") })
}

// written reports whether a container may write to the volume.
func written(p *corev1.Pod, volume string) bool {
	return slices.ContainsFunc(slices.Concat(p.Spec.Containers, p.Spec.InitContainers), func(c corev1.Container) bool {
		return slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == volume && !m.ReadOnly })
	})
}

// addPlaces adds what the pod requires of its node. Of several terms that may
// each hold, none is a requirement.
func addPlaces(g *facts.PodGroup, p *corev1.Pod) {
	for k, v := range p.Spec.NodeSelector {
		require(g, k, v)
	}
	a := p.Spec.Affinity
	if a == nil || a.NodeAffinity == nil || a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return
	}
	terms := a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
	if len(terms) != 1 {
		return
	}
	for _, e := range slices.Concat(terms[0].MatchExpressions, terms[0].MatchFields) {
		switch {
		case e.Operator == corev1.NodeSelectorOpIn && len(e.Values) == 1:
			require(g, e.Key, e.Values[0])
		case e.Operator == corev1.NodeSelectorOpIn && isHost(e.Key):
			for _, v := range e.Values {
				require(g, e.Key, v)
			}
		case e.Operator == corev1.NodeSelectorOpIn, e.Operator == corev1.NodeSelectorOpExists:
			require(g, e.Key, "")
		}
	}
}

func isHost(key string) bool { return key == corev1.LabelHostname || key == metav1.ObjectNameField }

// require adds a label that a node must have. Labels that the system gives are
// left out but for the host's name.
func require(g *facts.PodGroup, key, value string) {
	to, what := &g.NodeLabels, key
	switch {
	case isHost(key):
		to, what = &g.Hosts, value
	case !given(key):
		return
	case value != "":
		what = key + "=" + value
	}
	if n, found := slices.BinarySearch(*to, what); !found && what != "" {
		*to = slices.Insert(*to, n, what)
	}
}
