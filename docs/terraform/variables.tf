variable "project" {
  description = "Google Cloud project of the cluster."
  type        = string
  default     = null
}

variable "location" {
  description = "Region or zone of the cluster."
  type        = string
  default     = null
}

variable "cluster" {
  description = "Name of the cluster."
  type        = string
  default     = null
}

variable "target_version" {
  description = "Version to upgrade to, as check --target-version takes it; null for what GKE would upgrade to next."
  type        = string
  default     = null
}

variable "accept" {
  description = "Verdicts that let the plan go on. Add inconclusive where a denied permission or a webhook that can't be asked is known and accepted."
  type        = list(string)
  default     = ["ready"]

  validation {
    condition     = alltrue([for verdict in var.accept : contains(["ready", "inconclusive", "not-ready"], verdict)])
    error_message = "Verdicts are ready, inconclusive and not-ready."
  }
}

variable "options" {
  description = "More flags of gke-preflight check, with _ for -, such as { policy = \"policy.yaml\", upgrade_timeout = \"60m\" }."
  type        = map(string)
  default     = {}
}

variable "program" {
  description = "The program, where it is not on the PATH."
  type        = string
  default     = "gke-preflight"
}
