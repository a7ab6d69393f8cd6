package kube

import (
	"cmp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	k8slabels "k8s.io/apimachinery/pkg/labels"
	"k8s.io/component-helpers/resource"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// The kinds of volumes that kubelets give up.
const (
	gitRepo = "gitRepo"
	rbd     = "rbd"
	cephfs  = "cephfs"
)

func (s *sums) allDetails() []facts.PodDetail { return byKey(s.details, groupName.compare) }

func (s *sums) allRequests() []facts.NodeRequest { return byKey(s.requests, strings.Compare) }

// addRequests adds what the pod asks for to its node.
func (s *sums) addRequests(p *corev1.Pod, kind string) {
	if p.Spec.NodeName == "" {
		return
	}
	r := s.requests[p.Spec.NodeName]
	if r == nil {
		r = &facts.NodeRequest{Node: p.Spec.NodeName}
		s.requests[r.Node] = r
	}
	cpu, memory := asked(p)
	r.CPU, r.Memory = r.CPU+cpu, r.Memory+memory
	if kind != "Node" && kind != "DaemonSet" {
		r.EvictedCPU, r.EvictedMemory = r.EvictedCPU+cpu, r.EvictedMemory+memory
	}
}

// asked is what the pod asks for of CPU, in thousandths, and of memory. Of most pods it is
// the sum of their containers, which takes a tenth of the time.
func asked(p *corev1.Pod) (cpu, memory int64) {
	if len(p.Spec.InitContainers) > 0 || p.Spec.Overhead != nil || p.Spec.Resources != nil {
		all := resource.PodRequests(p, resource.PodResourcesOptions{})
		return all.Cpu().MilliValue(), all.Memory().Value()
	}
	for n := range p.Spec.Containers {
		requests := p.Spec.Containers[n].Resources.Requests
		cpu, memory = cpu+requests.Cpu().MilliValue(), memory+requests.Memory().Value()
	}
	return cpu, memory
}

// addDetail adds what is special about the pod, if anything is.
func (s *sums) addDetail(key groupName, p *corev1.Pod) {
	d, known := s.details[key]
	if !known {
		s.scratch = facts.PodDetail{}
		d = &s.scratch
	}
	s.detail(d, p)
	if key.kind != "DaemonSet" {
		placed(d, p)
		if choosy(d) && !d.Placed && s.places != nil {
			d.Places, d.Placed = s.places.of(p)
		}
	}
	if !known && special(d) {
		kept := *d
		kept.Namespace, kept.Kind, kept.Name = key.namespace, key.kind, key.name
		s.details[key] = &kept
	}
}

// choosy reports whether one node takes no two of the pods, or one zone.
func choosy(d *facts.PodDetail) bool { return d.HostPort != 0 || d.Apart != nil || d.Spread != nil }

func special(d *facts.PodDetail) bool {
	return d.ExecProbe != "" || choosy(d) || d.Volume != "" || d.ProbeHost != "" || d.Critical != ""
}

// detail adds what a kubelet or an API server goes by.
func (s *sums) detail(d *facts.PodDetail, p *corev1.Pod) {
	if strings.HasPrefix(p.Spec.PriorityClassName, "system-") {
		d.Critical = p.Spec.PriorityClassName
	}
	for _, v := range p.Spec.Volumes {
		switch {
		case v.GitRepo != nil:
			d.Volume = gitRepo
		case v.RBD != nil:
			d.Volume = cmp.Or(d.Volume, rbd)
		case v.CephFS != nil:
			d.Volume = cmp.Or(d.Volume, cephfs)
		case v.PersistentVolumeClaim != nil:
			if kind := s.volumes[p.Namespace+"/"+v.PersistentVolumeClaim.ClaimName]; kind != onNode {
				d.Volume = cmp.Or(d.Volume, kind)
			}
		}
	}
	for _, containers := range [][]corev1.Container{p.Spec.InitContainers, p.Spec.Containers} {
		for n := range containers {
			c := &containers[n]
			if hurried(c) {
				d.ExecProbe = first(d.ExecProbe, c.Name)
			}
			if namesHost(c) {
				d.ProbeHost = first(d.ProbeHost, c.Name)
			}
		}
	}
}

// hurried reports whether a command that probes the container may take a second at most.
func hurried(c *corev1.Container) bool {
	for _, probe := range []*corev1.Probe{c.LivenessProbe, c.ReadinessProbe, c.StartupProbe} {
		if probe != nil && probe.Exec != nil && probe.TimeoutSeconds <= 1 {
			return true
		}
	}
	return false
}

// namesHost reports whether a probe or lifecycle handler names a host (k8s.io/pod-security-admission
// policy/check_hostProbesAndhostLifecycle.go, hostProbesAndHostLifecycleV1Dot34).
func namesHost(c *corev1.Container) bool {
	for _, probe := range []*corev1.Probe{c.LivenessProbe, c.ReadinessProbe, c.StartupProbe} {
		if probe != nil && (probe.HTTPGet != nil && probe.HTTPGet.Host != "" || probe.TCPSocket != nil && probe.TCPSocket.Host != "") {
			return true
		}
	}
	if c.Lifecycle == nil {
		return false
	}
	for _, h := range []*corev1.LifecycleHandler{c.Lifecycle.PostStart, c.Lifecycle.PreStop} {
		if h != nil && (h.HTTPGet != nil && h.HTTPGet.Host != "" || h.TCPSocket != nil && h.TCPSocket.Host != "") {
			return true
		}
	}
	return false
}

// placed adds what the scheduler goes by.
func placed(d *facts.PodDetail, p *corev1.Pod) {
	for n := range p.Spec.Containers {
		for _, port := range p.Spec.Containers[n].Ports {
			if port.HostPort != 0 {
				d.HostPort = port.HostPort
			}
		}
	}
	if a := p.Spec.Affinity; a != nil && a.PodAntiAffinity != nil {
		for _, term := range a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution {
			if selects(term.LabelSelector, p.Labels) && (len(term.Namespaces) == 0 || slices.Contains(term.Namespaces, p.Namespace)) {
				d.Apart = with(d.Apart, term.TopologyKey)
			}
		}
	}
	for _, c := range p.Spec.TopologySpreadConstraints {
		if c.WhenUnsatisfiable == corev1.DoNotSchedule && selects(c.LabelSelector, p.Labels) {
			d.Spread = with(d.Spread, c.TopologyKey)
		}
	}
}

func selects(selector *metav1.LabelSelector, of map[string]string) bool {
	s, err := metav1.LabelSelectorAsSelector(selector)
	return err == nil && s.Matches(k8slabels.Set(of))
}

// with is all with one more, in order.
func with(all []string, one string) []string {
	if n, found := slices.BinarySearch(all, one); !found {
		all = slices.Insert(all, n, one)
	}
	return all
}
