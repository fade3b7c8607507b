-- Every bordereau sent to the public accountant, with its weight. That of another body never counts; one that does not say
-- whose it is counts, and a control says so. One that the accountant refuses is void, and so is the whole file when
-- he cannot read it; the refusal of a bordereau because it was sent before voids what is sent again, never the first.
-- An answer finds its flow by name, whatever the year under which either lies; one made before a flow of that name is about
-- an earlier one. Of two flows of one name, what is refused was sent before what is accepted; when their dates or answers do
-- not tell them apart, neither is judged (est_indecis).
-- Of the bordereaux with one number, a whole one is chosen, never lines: one that he accepted or, without an answer, the
-- last one made. What is not budget execution (ordres de paiement and de recette, rôles) is set aside: the mandat or titre
-- that regularises it counts.
with lus as (
    select
        *,
        replace(siret_budget, ' ', '') as siret,
        {{ nom_flux('nom_flux') }} as nom_commun
    from {{ source('lake', 'pes__bordereaux') }}
),

dates as (
    select
        *,
        case when length(siret) >= 9 then left(siret, 9) end as siren,
        min(empreinte_contenu) over du_jour <> max(empreinte_contenu) over du_jour as est_double_du_jour
    from lus
    window du_jour as (
        partition by
            nom_commun, siret, code_budget, exercice_bordereau, code_sens, code_type_bordereau, numero_bordereau, date_flux
    )
),

bordereaux as (
    select
        *,
        min(empreinte_contenu) over du_nom <> max(empreinte_contenu) over du_nom as est_homonyme,
        bool_or(est_double_du_jour) over du_nom as est_sans_ordre,
        min(date_flux) over du_nom as premiere_date,
        row_number() over envois as rang_envoi
    from dates
    window
        du_nom as (
            partition by nom_commun, siret, code_budget, exercice_bordereau, code_sens, code_type_bordereau, numero_bordereau
        ),
        envois as (
            partition by exercice, siret, code_budget, exercice_bordereau, code_sens, code_type_bordereau, numero_bordereau
            order by date_flux nulls first, _fichier nulls first, rang_bordereau nulls first
        )
),

-- an answer that names no year is about the flow of that name in its own folder, if there is one
acquits as (
    select
        acquits.*,
        noms.nom_commun is not null as est_de_son_dossier,
        {{ nom_flux('acquits.nom_flux') }} as nom_commun
    from {{ source('lake', 'pes__acquits') }} as acquits
    left join (
        select distinct exercice, nom_commun from bordereaux
        where exercice_bordereau = exercice
    ) as noms
        on acquits.exercice = noms.exercice
        and {{ nom_flux('acquits.nom_flux') }} = noms.nom_commun
    where coalesce(acquits.code_domaine, '') not in ('4', '04')  -- of an attached document
),

reponses as (
    select
        bordereaux._livraison,
        bordereaux._fichier,
        bordereaux.rang_bordereau,
        bool_or(acquits.est_accepte and acquits.numero_bordereau is not null) as a_une_acceptation,
        bool_or(not acquits.est_accepte and coalesce(acquits.code_anomalie, '') <> 'ERREUR_DOUBLON_BORDEREAU') as a_un_refus,
        bool_or(not acquits.est_accepte and coalesce(acquits.code_anomalie, '') = 'ERREUR_DOUBLON_BORDEREAU') as est_dit_double
    from bordereaux
    inner join acquits
        on bordereaux.nom_commun = acquits.nom_commun
        and bordereaux.code_sens = coalesce(acquits.code_sens, bordereaux.code_sens)
        and bordereaux.numero_bordereau = coalesce(acquits.numero_bordereau, bordereaux.numero_bordereau)
        and bordereaux.exercice_bordereau = coalesce(acquits.exercice_bordereau, bordereaux.exercice_bordereau)
        and (acquits.exercice_bordereau is not null or not acquits.est_de_son_dossier or bordereaux.exercice = acquits.exercice)
        and coalesce(bordereaux.date_flux <= acquits.date_flux or bordereaux.premiere_date > acquits.date_flux, true)
    group by bordereaux._livraison, bordereaux._fichier, bordereaux.rang_bordereau
),

repondus as (
    select
        bordereaux.*,
        coalesce(reponses.a_une_acceptation, false) as a_une_acceptation,
        coalesce(reponses.a_un_refus, false) as a_un_refus,
        coalesce(reponses.est_dit_double, false) as est_dit_double,
        coalesce(
            bordereaux.est_homonyme
            and (reponses.a_une_acceptation or reponses.a_un_refus or reponses.est_dit_double)
            and min(case when reponses.rang_bordereau is not null then bordereaux.empreinte_contenu end) over du_nom
            <> max(case when reponses.rang_bordereau is not null then bordereaux.empreinte_contenu end) over du_nom
            and (
                bordereaux.est_sans_ordre
                or not (
                    (bool_or(reponses.a_une_acceptation) over du_nom and bool_or(reponses.a_un_refus) over du_nom)
                    or reponses.est_dit_double
                )
            ),
            false
        ) as est_indecis
    from bordereaux
    left join reponses
        on bordereaux._livraison = reponses._livraison
        and bordereaux._fichier = reponses._fichier
        and bordereaux.rang_bordereau = reponses.rang_bordereau
    window du_nom as (
        partition by
            bordereaux.nom_commun, bordereaux.siret, bordereaux.code_budget, bordereaux.exercice_bordereau, bordereaux.code_sens,
            bordereaux.code_type_bordereau, bordereaux.numero_bordereau
    )
),

juges as (
    select
        *,
        a_une_acceptation and not est_indecis as est_accepte,
        not est_indecis
        and (
            (a_un_refus and not a_une_acceptation)
            or (est_dit_double and rang_envoi > 1 and (est_homonyme or not a_une_acceptation))
        ) as est_refuse
    from repondus
),

choisis as (
    select
        *,
        row_number() over envois as rang,
        first_value(empreinte_contenu) over envois as empreinte_retenue,
        first_value(est_accepte) over envois as est_retenu_accepte
    from juges
    window envois as (
        partition by exercice, siret, code_budget, exercice_bordereau, code_sens, code_type_bordereau, numero_bordereau
        order by
            est_refuse asc nulls last, est_accepte desc nulls last, date_flux desc nulls last, _fichier desc nulls last,
            rang_bordereau desc nulls last
    )
),

qualifies as (
    select
        choisis.*,
        {{ motif({
            'bordereau d’un autre organisme': 'choisis.siren <> profil.siren',
            'bordereau d’un autre exercice': 'exercice_bordereau <> exercice',
            'bordereau refusé par le comptable': 'est_refuse',
            'bordereau envoyé deux fois': 'rang > 1 and empreinte_contenu = empreinte_retenue',
            'bordereau remplacé par un autre envoi': 'rang > 1',
            'ordres de paiement ou de recette, hors budget': "code_type_bordereau = '03'",
            'rôle, hors budget': "code_type_bordereau in ('06', '07')",
            'bordereau de type inconnu': "code_type_bordereau not in ('01', '02')",
        }) }} as motif_exclusion
    from choisis
    cross join {{ source('organisation', 'profil') }} as profil
)

select
    exercice,
    exercice_bordereau,
    siret as siret_budget,
    siren,
    code_budget,
    case code_sens when 'D' then 'dépense' else 'recette' end as sens,
    code_sens,
    code_type_bordereau,
    numero_bordereau,
    rang_bordereau,
    nom_commun,
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
    est_indecis,
    rang,
    est_retenu_accepte,
    case when motif_exclusion is null then 1 else 0 end as poids,
    coalesce(motif_exclusion, 'compté') as motif,
    _livraison,
    _fichier,
    _feuille,
    _ligne
from qualifies
