resource "aws_lb_listener" "tls" {
  load_balancer_arn = local.load_balancer.arn
  port              = var.listener.port
  protocol          = "TLS"
  certificate_arn   = var.listener.certificate_arn
  ssl_policy        = var.listener.ssl_policy

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.service.arn
  }
}

resource "aws_lb_target_group" "service" {
  name        = local.target_group_name
  vpc_id      = var.network.vpc_id
  target_type = "ip"
  protocol    = "TCP"
  port        = var.container.port

  # A connection that API Gateway keeps open would bring requests to a task that is about to end.
  connection_termination = true
  deregistration_delay   = var.health.deregistration_delay_seconds
  # Tasks see the load balancer, so that their group can name its group.
  preserve_client_ip = "false"

  health_check {
    protocol            = "HTTP"
    path                = var.health.path
    port                = "traffic-port"
    matcher             = "200"
    interval            = var.health.interval_seconds
    timeout             = 3
    healthy_threshold   = var.health.healthy_count
    unhealthy_threshold = var.health.unhealthy_count
  }

  lifecycle {
    create_before_destroy = true
  }
}
