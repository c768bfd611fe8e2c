/** The path under which a bystander connects to a server of the victim's: it is served, and not part of the log. */
module.exports.BYSTANDER = "/bystander";
