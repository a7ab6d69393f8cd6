package lifeline

import "github.com/gke-preflight/gke-preflight/preflight/bootstrap"

const authenticated = "system:authenticated"

// kubelet is the identity of a node (kubernetes plugin/pkg/auth/authorizer/node).
func kubelet(node string) bootstrap.User {
	return bootstrap.User{Name: "system:node:" + node, Groups: []string{"system:nodes", authenticated}}
}

// newcomer is a node that has no identity yet. How its provider names it
// differs: by its group alone is it known everywhere (kubernetes
// plugin/pkg/auth/authenticator/token/bootstrap, TokenAuthenticator).
func newcomer() bootstrap.User {
	return bootstrap.User{Name: "system:bootstrap:gke", Groups: []string{"system:bootstrappers", authenticated}}
}

// component is a part of the control plane, such as kube-scheduler.
func component(name string) bootstrap.User {
	return bootstrap.User{Name: "system:" + name, Groups: []string{authenticated}}
}

// serviceAccount is one of kube-system, as which each controller writes
// (kubernetes cmd/kube-controller-manager, --use-service-account-credentials).
func serviceAccount(name string) bootstrap.User {
	return bootstrap.User{Name: "system:serviceaccount:kube-system:" + name, Groups: []string{"system:serviceaccounts", "system:serviceaccounts:kube-system", authenticated}}
}

// makerOf is as whom a controller makes pods. One that is not of kube-controller-manager, which
// is named "", has an account of its own: as whom it makes the pods of that kind is not known.
func makerOf(controller, kind string) bootstrap.User {
	if controller == "" {
		return bootstrap.User{Name: "controller of " + kind, Groups: []string{authenticated}, Unknown: true}
	}
	return serviceAccount(controller)
}

// addonManager applies what belongs to GKE itself (kubernetes
// cluster/gce/gci/configure-helper.sh, create-master-auth).
func addonManager() bootstrap.User {
	return bootstrap.User{Name: "system:addon-manager", Groups: []string{"system:masters", authenticated}}
}

// attacher is the driver of persistent disks as its maker deploys it
// (gcp-compute-persistent-disk-csi-driver deploy/kubernetes/base/controller/controller.yaml).
// As whom GKE runs it in the control plane is not documented; it is taken for this one.
func attacher() bootstrap.User {
	const namespace = "gce-pd-csi-driver"
	return bootstrap.User{Name: "system:serviceaccount:" + namespace + ":csi-gce-pd-controller-sa", Groups: []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace, authenticated}}
}

// upgrader drains the nodes of a pool that is upgraded: GKE's service agent in the
// project, whose number is an example
// (cloud.google.com/iam/docs/service-agents, Kubernetes Engine Service Agent).
func upgrader() bootstrap.User {
	return bootstrap.User{Name: "service-000000000000@container-engine-robot.iam.gserviceaccount.com", Groups: []string{authenticated}}
}

// Autoscaler is as whom the cluster autoscaler drains nodes that are needed no more
// (kubernetes cluster/gce/gci/configure-helper.sh, create-master-auth).
const Autoscaler = "cluster-autoscaler"

func autoscaler() bootstrap.User {
	return bootstrap.User{Name: Autoscaler, Groups: []string{authenticated}}
}
