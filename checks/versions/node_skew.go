package versions

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

const (
	// GkeSkew is how many minors older than the control plane GKE supports nodes to be
	// (cloud.google.com/kubernetes-engine/versioning).
	GkeSkew = 2
	// kubeletSkew is the same for kubelets and kube-proxies upstream
	// (kubernetes.io/releases/version-skew-policy).
	kubeletSkew = 3
)

var nodeSkew = preflight.Check{
	ID:       "GP303",
	Name:     "node-skew",
	Title:    "Nodes would be too old, or too new, for the upgraded control plane",
	Severity: preflight.Warning,
	Needs:    []facts.Fact{facts.GKENodePools},
	Uses:     []facts.Fact{facts.Nodes, facts.KubeProxies},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		target, err := version.Parse(s.Meta.Target)
		if err != nil {
			return []preflight.Finding{{Severity: preflight.Warning, Subject: finding.ClusterSubject(s), Undecided: "no target version is known: name one with --target-version"}}
		}
		pools := facts.GKENodePools.Of(s)
		for i, p := range pools {
			aged := agedVersions{subject: finding.PoolSubject(p), what: "node pool " + p.Name,
				steps: remedy.Do("upgrade the node pool as well, which may skip minors", finding.ClusterCommand(s, "upgrade", "--node-pool", p.Name, "--cluster-version", "VERSION")).
					Upgrading(remedy.Nodes).Where("VERSION", "one of those on offer for nodes, no newer than the control plane", ServerConfig(s))}
			aged.add(p.Version, finding.EvidenceOf(facts.GKENodePools, p.Version, "", "/%d/version", i))
			fs = append(fs, append(aged.judge(target), aged.kubelets(s, func(n facts.Node) bool { return n.Pool == p.Name }).judge(target)...)...)
			fs = append(fs, aged.proxies(s, p.Name).judge(target)...)
		}
		strays := agedVersions{subject: preflight.Subject{Kind: "NodePool", Name: "none"}, what: "the cluster, outside of its node pools,", steps: remedy.Do("replace these nodes by newer ones").Or("remove them")}
		fs = append(fs, strays.kubelets(s, func(n facts.Node) bool {
			return !slices.ContainsFunc(pools, func(p facts.NodePool) bool { return p.Name == n.Pool })
		}).judge(target)...)
		if a, absent := s.Absence(facts.Nodes); absent {
			fs = append(fs, preflight.Finding{Severity: preflight.Warning, Subject: finding.ClusterSubject(s), Undecided: fmt.Sprintf("could not read %s (%s): single nodes may be older than their node pools say", facts.Nodes.ID(), a)})
		}
		return append(fs, finding.Unread(s, facts.KubeProxies, "whether kube-proxies differ from their nodes")...)
	},
}

// agedVersions collects the oldest and the newest version of a set of nodes.
type agedVersions struct {
	subject        preflight.Subject
	what           string
	steps          remedy.Steps
	oldest, newest version.Version
	evidence       [2]preflight.Evidence
	unreadable     string
	any            bool
}

func (a *agedVersions) add(text string, e preflight.Evidence) {
	v, err := version.Parse(text)
	if err != nil {
		a.unreadable = text
		return
	}
	if !a.any || version.Compare(v, a.oldest) < 0 {
		a.oldest, a.evidence[0] = v, e
	}
	if !a.any || version.Compare(v, a.newest) > 0 {
		a.newest, a.evidence[1] = v, e
	}
	a.any = true
}

// kubelets adds the nodes that belong to it, as far as their minors differ from
// what the pool itself says.
func (a agedVersions) kubelets(s *facts.Snapshot, mine func(facts.Node) bool) *agedVersions {
	pool := a
	a.any, a.unreadable = false, ""
	nodes, _ := facts.Nodes.Get(s)
	for i, n := range nodes {
		v, err := version.Parse(n.Kubelet)
		if !mine(n) || err == nil && pool.any && version.CompareLine(v, pool.oldest) == 0 {
			continue
		}
		a.add(n.Kubelet, finding.EvidenceOf(facts.Nodes, n.Kubelet, "kubelet of "+n.Name, "/%d/kubelet", i))
	}
	a.what = "a node of " + a.what
	if a.any && a.subject.Name != "none" {
		a.subject = preflight.Subject{Kind: "Node", Name: nodes[indexIn(a.evidence[0].Path)].Name}
	}
	return &a
}

// proxies adds the kube-proxies of a node pool, as far as their minors differ from
// what the pool itself says.
func (a agedVersions) proxies(s *facts.Snapshot, pool string) *agedVersions {
	of := a
	a.any, a.unreadable, a.what = false, "", "the kube-proxy of "+a.what
	all, _ := facts.KubeProxies.Get(s)
	for i, k := range all {
		text := cmp.Or(k.Version, "(none)")
		v, err := version.Parse(text)
		if k.Pool != pool || err == nil && of.any && version.CompareLine(v, of.oldest) == 0 {
			continue
		}
		a.add(text, finding.EvidenceOf(facts.KubeProxies, k.Version, fmt.Sprintf("%s, on %s for one", finding.Count(int(k.Pods), "pod"), k.Node), "/%d/version", i))
	}
	if a.any {
		a.subject = preflight.Subject{Kind: "KubeProxy", Name: pool}
	}
	return &a
}

func indexIn(path string) (i int) {
	_, _ = fmt.Sscanf(path, "/%d/", &i)
	return i
}

// judge compares with the target, by minors: GKE itself enforces none of it.
func (a *agedVersions) judge(target version.Version) (fs []preflight.Finding) {
	if a.unreadable != "" {
		fs = append(fs, preflight.Finding{Severity: preflight.Warning, Subject: a.subject, Undecided: fmt.Sprintf("the version %q of %s can't be read", a.unreadable, a.what)})
	}
	if !a.any {
		return fs
	}
	f := preflight.Finding{Severity: preflight.Warning, Subject: a.subject, Steps: a.steps, Evidence: a.evidence[:1]}
	behind := target.Minor - a.oldest.Minor
	switch {
	case target.Major != a.oldest.Major || version.CompareLine(a.newest, target) > 0:
		f.Evidence = a.evidence[1:]
		f.Summary = fmt.Sprintf("%s runs %s, which is newer than %s; neither a kubelet nor a kube-proxy may be newer than the API server", a.what, a.newest, target.Line())
		f.Steps = remedy.Do("choose a target that is no older than the nodes")
	case behind > kubeletSkew:
		f.Summary = fmt.Sprintf("%s runs %s, %d minors older than %s; kubelet and kube-proxy are supported up to %d, and GKE upgrades all the same", a.what, a.oldest, behind, target.Line(), kubeletSkew)
	case behind > GkeSkew:
		f.Summary = fmt.Sprintf("%s runs %s, %d minors older than %s; GKE supports nodes up to %d, and upgrades all the same", a.what, a.oldest, behind, target.Line(), GkeSkew)
	default:
		return fs
	}
	return append(fs, f)
}
