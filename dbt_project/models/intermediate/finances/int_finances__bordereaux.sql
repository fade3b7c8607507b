-- Every bordereau sent to the public accountant, with its weight. One that he refuses is void, and so is the whole file when
-- he cannot read it; the refusal of a bordereau because it was sent before voids what is sent again, never the first.
-- Of those with one number, a whole one is chosen, never lines: one that he accepted or, without an answer, the last one
-- made. What is not budget execution (ordres de paiement and de recette, rôles) is set aside: the mandat or titre that
-- regularises it counts.
with bordereaux as (
    select
        *,
        row_number() over envois as rang_envoi
    from {{ source('lake', 'pes__bordereaux') }}
    window envois as (
        partition by exercice, siret_budget, code_budget, exercice_bordereau, code_sens, code_type_bordereau, numero_bordereau
        order by date_flux nulls first, _fichier nulls first, rang_bordereau nulls first
    )
),

reponses as (
    select
        bordereaux._livraison,
        bordereaux._fichier,
        bordereaux.rang_bordereau,
        coalesce(bool_or(acquits.est_accepte and acquits.numero_bordereau is not null), false) as est_accepte,
        coalesce(
            bool_or(
                not acquits.est_accepte
                and (coalesce(acquits.code_anomalie, '') <> 'ERREUR_DOUBLON_BORDEREAU' or bordereaux.rang_envoi > 1)
            ),
            false
        ) as est_refuse
    from bordereaux
    inner join {{ source('lake', 'pes__acquits') }} as acquits
        on bordereaux.exercice = acquits.exercice
        and bordereaux.nom_flux = acquits.nom_flux
        and (
            (
                bordereaux.code_sens = acquits.code_sens
                and bordereaux.numero_bordereau = acquits.numero_bordereau
                and bordereaux.exercice_bordereau = coalesce(acquits.exercice_bordereau, bordereaux.exercice_bordereau)
            )
            or (acquits.numero_bordereau is null and acquits.code_domaine in ('0', '99'))
        )
    group by bordereaux._livraison, bordereaux._fichier, bordereaux.rang_bordereau
),

juges as (
    select
        bordereaux.*,
        coalesce(reponses.est_accepte, false) as est_accepte,
        coalesce(reponses.est_refuse and not reponses.est_accepte, false) as est_refuse
    from bordereaux
    left join reponses
        on bordereaux._livraison = reponses._livraison
        and bordereaux._fichier = reponses._fichier
        and bordereaux.rang_bordereau = reponses.rang_bordereau
),

choisis as (
    select
        *,
        row_number() over envois as rang,
        first_value(empreinte_contenu) over envois as empreinte_retenue,
        first_value(est_accepte) over envois as est_retenu_accepte
    from juges
    window envois as (
        partition by exercice, siret_budget, code_budget, exercice_bordereau, code_sens, code_type_bordereau, numero_bordereau
        order by
            est_refuse asc nulls last, est_accepte desc nulls last, date_flux desc nulls last, _fichier desc nulls last,
            rang_bordereau desc nulls last
    )
),

qualifies as (
    select
        *,
        {{ motif({
            'bordereau d’un autre exercice': 'exercice_bordereau <> exercice',
            'bordereau refusé par le comptable': 'est_refuse',
            'bordereau envoyé deux fois': 'rang > 1 and empreinte_contenu = empreinte_retenue',
            'bordereau remplacé par un autre envoi': 'rang > 1',
            'ordres de paiement ou de recette, hors budget': "code_type_bordereau = '03'",
            'rôle, hors budget': "code_type_bordereau in ('06', '07')",
            'bordereau de type inconnu': "code_type_bordereau not in ('01', '02')",
        }) }} as motif_exclusion
    from choisis
)

select
    exercice,
    exercice_bordereau,
    siret_budget,
    code_budget,
    case code_sens when 'D' then 'dépense' else 'recette' end as sens,
    code_sens,
    code_type_bordereau,
    numero_bordereau,
    rang_bordereau,
    nom_flux,
    date_flux,
    date_emission,
    nb_pieces_annoncees,
    nb_pieces,
    montant_annonce_eur,
    montant_lignes_eur,
    tva_annoncee_eur,
    tva_lignes_eur,
    cumul_annonce_eur,
    est_accepte,
    est_refuse,
    rang,
    est_retenu_accepte,
    case when motif_exclusion is null then 1 else 0 end as poids,
    coalesce(motif_exclusion, 'compté') as motif,
    _livraison,
    _fichier,
    _feuille,
    _ligne
from qualifies
