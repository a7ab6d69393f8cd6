package lifeline

import (
	"fmt"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
)

// madeBy is an expression that is true of writes by these users alone, and by those of the
// same kind whose names tell one node or project from another.
func madeBy(users []string) string {
	var who []string
	for _, u := range users {
		_, agent, is := strings.Cut(u, "@")
		switch {
		case strings.HasPrefix(u, "system:node:"):
			who = append(who, `request.userInfo.username.startsWith("system:node:")`)
		case is:
			who = append(who, fmt.Sprintf("request.userInfo.username.endsWith(%q)", "@"+agent))
		default:
			who = append(who, fmt.Sprintf("request.userInfo.username == %q", u))
		}
	}
	return strings.Join(who, " || ")
}

// trusted lets the users of all operations do anything.
func trusted(t *testing.T, k *rig.Cluster) {
	t.Helper()
	binding := &rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: "trusted"}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"}}
	for _, user := range []string{kubelet, newcomer, replicaSets, daemonSets, statefulSets, jobs, attacher, diskDriver, binder, collector, nodeController, disruption, scheduler, addons, rollers, upgrader, autoscaler, apiserver} {
		binding.Subjects = append(binding.Subjects, rbacv1.Subject{Kind: "User", APIGroup: rbacv1.GroupName, Name: user})
	}
	if _, err := k.Client.RbacV1().ClusterRoleBindings().Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// The users who make the writes of an upgrade of nodes.
const (
	account        = "system:serviceaccount:kube-system:"
	kubelet        = "system:node:" + node
	newcomer       = "system:node:" + newNode
	replicaSets    = account + "replicaset-controller"
	daemonSets     = account + "daemon-set-controller"
	statefulSets   = account + "statefulset-controller"
	jobs           = account + "job-controller"
	attacher       = account + "attachdetach-controller"
	diskDriver     = "system:serviceaccount:gce-pd-csi-driver:csi-gce-pd-controller-sa"
	binder         = account + "persistent-volume-binder"
	collector      = account + "pod-garbage-collector"
	nodeController = account + "node-controller"
	disruption     = account + "disruption-controller"
	addons         = "system:addon-manager"
	rollers        = account + "deployment-controller"
	apiserver      = "system:apiserver"
	upgrader       = "service-000000000000@container-engine-robot.iam.gserviceaccount.com"
	autoscaler     = "cluster-autoscaler"
)
